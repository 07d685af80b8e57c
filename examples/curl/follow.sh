#!/bin/sh
# Prints every change, one JSON message a line, in order: over disconnections, and from one run to the next.
# A run that is killed between message and place prints that message again.
# usage: follow.sh [ADDRESS [FILE]]    FILE keeps the place, which is the id of the last event
address=${1:-http://localhost:3000} file=${2:-place}
while true; do
    id=$(cat "$file" 2>/dev/null) # a message without an id does not change the place
    curl --silent --no-buffer --fail -H "Last-Event-ID: $id" "$address/sse" |
        while IFS= read -r line; do
            case $line in
                'id: '*) id=${line#id: } ;;
                'data: '*)
                    printf '%s\n' "${line#data: }"
                    printf '%s\n' "$id" >"$file.new" && mv "$file.new" "$file"
                    ;;
            esac
        done
    sleep 1
done
