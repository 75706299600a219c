package server

import "mcp-auth/core/table"

// SandboxCodec is the codec, for its test.
func SandboxCodec() table.Codec[Sandbox] { return sandboxCodec }
