#!/bin/sh
# Posts an event to the incoming webhook of a chat (Slack, Mattermost, Rocket.Chat, Google Chat):
#   [notify]
#   command = ["/etc/rsdeck/chat.sh", "/etc/rsdeck/chat.curl"]
# The webhook's URL is a secret. It stands in the second file, which only you may read (chmod 600):
#   url = "https://hooks.slack.com/services/…"
# Needs jq and curl. For a proxy, add to that file: proxy = "http://proxy.example:3128"
set -eu
body=$(jq -c '{text: (
    (if .problem then "rsdeck PROBLEM " else "rsdeck " end)
    + ([.cluster, .node, .service] | map(select(. != "")) | join(" "))
    + ": \(.what), \(.text)"
  )}')
printf '%s' "$body" | curl --silent --show-error --fail --max-time 8 --config "$1" \
  --header "Content-Type: application/json" --data-binary @-
