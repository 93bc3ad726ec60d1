#!/bin/sh
# Prints the greeting, and what the build found out about the page.
echo "Hello, ${GREETED}!"
echo "$(grep -c '<li>' /srv/index.html) words, $(cat /srv/result.txt)"
