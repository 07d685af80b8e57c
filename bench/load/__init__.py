"""Clients by the thousand, in a process of their own: raw sockets and epoll."""
