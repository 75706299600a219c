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

# 7: 'POST /oauth/register'
curl -i -g -X POST \
  -H 'Accept: application/json' \
  -H 'Content-Type: application/json' \
  --data-raw '{"client_name":"Flow visualizer","redirect_uris":["http://127.0.0.1:7777/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none","scope":"mcp:read","application_type":"native"}' \
  'http://127.0.0.1:8765/oauth/register'

# 17: 'POST /oauth/token authorization_code'
curl -i -g -X POST \
  -H 'Accept: application/json' \
  -H 'Content-Type: application/x-www-form-urlencoded' \
  --data-raw 'grant_type=authorization_code&code=<code#1 43>&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback&code_verifier=<verifier#1 43>&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth&client_id=lXaQpNH-ACcC6ljUKs4EgC6n' \
  'http://127.0.0.1:8765/oauth/token'

# 19: 'POST /mcp/oauth tools/call read_note'
curl -i -g -X POST \
  -H 'Accept: application/json, text/event-stream' \
  -H 'Content-Type: application/json' \
  -H 'MCP-Protocol-Version: 2026-07-28' \
  -H 'Mcp-Method: tools/call' \
  -H 'Mcp-Name: read_note' \
  -H 'Authorization: Bearer <at#1 43>' \
  --data-raw '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_note","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"mcp-auth","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}' \
  'http://127.0.0.1:8765/mcp/oauth'

# 21: 'POST /mcp/oauth tools/list'
curl -i -g -X POST \
  -H 'Accept: application/json, text/event-stream' \
  -H 'Content-Type: application/json' \
  -H 'MCP-Protocol-Version: 2026-07-28' \
  -H 'Mcp-Method: tools/list' \
  -H 'Authorization: Bearer <at#1 43>' \
  --data-raw '{"jsonrpc":"2.0","id":"mcp-auth-tools","method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"mcp-auth","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}' \
  'http://127.0.0.1:8765/mcp/oauth'

# 23: 'POST /mcp/oauth tools/call write_note'
curl -i -g -X POST \
  -H 'Accept: application/json, text/event-stream' \
  -H 'Content-Type: application/json' \
  -H 'MCP-Protocol-Version: 2026-07-28' \
  -H 'Mcp-Method: tools/call' \
  -H 'Mcp-Name: write_note' \
  -H 'Authorization: Bearer <at#1 43>' \
  --data-raw '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write_note","arguments":{"name":"first","content":"written after stepping up"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"mcp-auth","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}' \
  'http://127.0.0.1:8765/mcp/oauth'

# 25: 'GET /.well-known/oauth-protected-resource/mcp/oauth'
curl -i -g \
  -H 'Accept: application/json' \
  'http://127.0.0.1:8765/.well-known/oauth-protected-resource/mcp/oauth'

# 27: 'GET /.well-known/oauth-authorization-server'
curl -i -g \
  -H 'Accept: application/json' \
  'http://127.0.0.1:8765/.well-known/oauth-authorization-server'

# 29: 'POST /oauth/register'
curl -i -g -X POST \
  -H 'Accept: application/json' \
  -H 'Content-Type: application/json' \
  --data-raw '{"client_name":"Flow visualizer","redirect_uris":["http://127.0.0.1:7777/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none","scope":"mcp:read mcp:write","application_type":"native"}' \
  'http://127.0.0.1:8765/oauth/register'

# 39: 'POST /oauth/token authorization_code'
curl -i -g -X POST \
  -H 'Accept: application/json' \
  -H 'Content-Type: application/x-www-form-urlencoded' \
  --data-raw 'grant_type=authorization_code&code=<code#2 43>&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback&code_verifier=<verifier#2 43>&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth&client_id=GzpHXpJGdc3aTRilwbmOULfF' \
  'http://127.0.0.1:8765/oauth/token'

# 41: 'POST /mcp/oauth tools/list'
curl -i -g -X POST \
  -H 'Accept: application/json, text/event-stream' \
  -H 'Content-Type: application/json' \
  -H 'MCP-Protocol-Version: 2026-07-28' \
  -H 'Mcp-Method: tools/list' \
  -H 'Authorization: Bearer <at#2 43>' \
  --data-raw '{"jsonrpc":"2.0","id":"mcp-auth-tools","method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"mcp-auth","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}' \
  'http://127.0.0.1:8765/mcp/oauth'

# 43: 'POST /mcp/oauth tools/call write_note'
curl -i -g -X POST \
  -H 'Accept: application/json, text/event-stream' \
  -H 'Content-Type: application/json' \
  -H 'MCP-Protocol-Version: 2026-07-28' \
  -H 'Mcp-Method: tools/call' \
  -H 'Mcp-Name: write_note' \
  -H 'Authorization: Bearer <at#2 43>' \
  --data-raw '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write_note","arguments":{"name":"first","content":"written after stepping up"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"mcp-auth","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}' \
  'http://127.0.0.1:8765/mcp/oauth'

