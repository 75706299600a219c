package lines_test

import (
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/lines"
)

func TestTheFirstDifference(t *testing.T) {
	is := is.New(t)
	is.Equal(lines.Diff("a\nb", "a\nb"), "") // none
	is.Equal(lines.Diff("a\nb\nc", "a\nx\ny"), "line 2\n  want b\n  got  x")
	is.Equal(lines.Diff("a", "a\nb"), "line 2\n  want (end)\n  got  b")
	is.Equal(lines.Diff("a\nb", "a"), "line 2\n  want b\n  got  (end)")
}
