"""Thousands of clients in one process: raw sockets and epoll."""
