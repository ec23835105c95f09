#!/bin/sh
# Whether the MCP server @NAME@ is there, guarded, and answers those who may come in.
# With a token in TOKEN (`just oauth-mint smoke --service @NAME@ --lifetime 5min`) it
# goes through the door too. It needs curl.
set -eu
cd "$(dirname "$0")/.."
domain=$(sed -n "s/^BASE_DOMAIN=//p" .env | tail -n 1 | tr -d "\"'")
url=https://@NAME@.$domain/mcp
metadata=https://@NAME@.$domain/.well-known/oauth-protected-resource/mcp

fail() {
  echo "@NAME@: $*" >&2
  exit 1
}

# Prints status and headers of an answer, in lower case. A token comes by standard
# input, so that no list of processes shows it.
ask() {
  curl --silent --show-error --max-time 20 --output /dev/null --dump-header - \
    --header 'Content-Type: application/json' \
    --header 'Accept: application/json, text/event-stream' "$@" "$url" \
    --data '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"smoke-test","version":"1"}}}' |
    tr -d '\r' | tr '[:upper:]' '[:lower:]'
}

answer=$(ask) || fail "$url does not answer"
case $answer in
  *" 401"*) ;;
  *) fail "without a token it is not 401 but: $(echo "$answer" | head -n 1)" ;;
esac
case $answer in
  *"resource_metadata=\"$metadata\""*) ;;
  *) fail "the 401 does not point to $metadata" ;;
esac
curl --silent --show-error --fail --max-time 20 "$metadata" | grep -q "\"resource\":\"$url\"" ||
  fail "$metadata does not say that $url is the resource"
echo "@NAME@: guarded, and it says how to sign in"

[ -n "${TOKEN-}" ] || exit 0
answer=$(printf 'Authorization: Bearer %s' "$TOKEN" | ask --header @-)
case $answer in
  *" 200"*) echo "@NAME@: answers with a token" ;;
  *) fail "with a token it is not 200 but: $(echo "$answer" | head -n 1)" ;;
esac
