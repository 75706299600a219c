//go:build page

package authserver

import (
	"mcp-auth/core/keyring"
	"mcp-auth/core/table"
)

// The page keeps its records in memory, as they are.
var (
	clientCodec      table.Codec[Client]
	transactionCodec table.Codec[Transaction]
	codeCodec        table.Codec[Code]
	grantCodec       table.Codec[Grant]
	accessCodec      table.Codec[Access]
	refreshCodec     table.Codec[Refresh]
	deviceCodec      table.Codec[Device]
	keyCodec         table.Codec[table.Key]
	devicePageCodec  table.Codec[DevicePage]
	pushedCodec      table.Codec[PushedRecord]
	throttleCodec    table.Codec[Throttle]
	keysCodec        table.Codec[[]keyring.Key]
)
