#!/bin/sh
# Opens an incident for a problem, and resolves it when the node or the service is well again
# (PagerDuty's Events API v2):
#   [notify]
#   command = ["/etc/rsdeck/pagerduty.sh", "/etc/rsdeck/pagerduty.key"]
#   command_events = ["status", "lost", "back", "login", "crash loop"]
# The routing key is a secret: one line in the second file, which only you may read (chmod 600).
# Needs jq and curl. The URL may be another one as the third word.
set -eu
body=$(jq -c --rawfile key "$1" '{
    routing_key: ($key | rtrimstr("\n")),
    event_action: (if .problem then "trigger" else "resolve" end),
    dedup_key: (["rsdeck", .cluster, .node, .service] | join("/")),
    payload: {
      summary: "\(.node) \(.service): \(.what), \(.text)",
      source: .node, severity: "error", timestamp: .at, component: .service, group: .cluster
    }
  }')
printf '%s' "$body" | curl --silent --show-error --fail --max-time 8 \
  --header "Content-Type: application/json" --data-binary @- \
  "${2:-https://events.pagerduty.com/v2/enqueue}"
