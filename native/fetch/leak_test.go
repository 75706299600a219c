package fetch

import (
	"testing"

	"mcp-auth/web/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }
