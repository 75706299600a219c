# 1: 'POST /mcp/oauth initialize'
curl -i -g -X POST \
  -H 'Accept: application/json, text/event-stream' \
  -H 'Content-Type: application/json' \
  --data-raw '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcp-auth","version":"1"}}}' \
  'http://127.0.0.1:8765/mcp/oauth'

# 3: 'GET /.well-known/oauth-protected-resource/mcp/oauth'
curl -i -g \
  -H 'Accept: application/json' \
  'http://127.0.0.1:8765/.well-known/oauth-protected-resource/mcp/oauth'

# 5: 'GET /.well-known/oauth-authorization-server'
curl -i -g \
  -H 'Accept: application/json' \
  'http://127.0.0.1:8765/.well-known/oauth-authorization-server'

# 17: 'POST /oauth/token authorization_code'
curl -i -g -X POST \
  -H 'Accept: application/json' \
  -H 'Content-Type: application/x-www-form-urlencoded' \
  --data-raw 'grant_type=authorization_code&code=<code#1 43>&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback&code_verifier=<verifier#1 43>&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth&client_id=https%3A%2F%2Fclient.example%2Fmcp-client.json' \
  'http://127.0.0.1:8765/oauth/token'

# 21: 'POST /mcp/oauth tools/call whoami'
curl -i -g -X POST \
  -H 'Accept: application/json, text/event-stream' \
  -H 'Content-Type: application/json' \
  -H 'MCP-Protocol-Version: 2026-07-28' \
  -H 'Mcp-Method: tools/call' \
  -H 'Mcp-Name: whoami' \
  -H 'Authorization: Bearer <at#1 43>' \
  --data-raw '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"mcp-auth","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}' \
  'http://127.0.0.1:8765/mcp/oauth'

