package page

import (
	"flag"
	"os"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/core/stage"
)

var update = flag.Bool("update", false, "write the plan anew")

// The plan is drawn before the core has arrived; it is what the core plans.
func TestThePlanIsTheCores(t *testing.T) {
	is := is.New(t)
	s, err := stage.New(stage.Config{Flow: "auth-code"})
	is.NoErr(err) // the default run begins
	all := append(s.View().Get("rows").Elems(), s.View().Get("plan").Elems()...)
	want := string(message.Arr(all...).Append(nil)) + "\n"
	if *update {
		is.NoErr(os.WriteFile("static/page/plan.json", []byte(want), 0o644)) // written
	}
	got, err := os.ReadFile("static/page/plan.json")
	is.NoErr(err)               // it is there
	is.Equal(string(got), want) // go test ./web/page -update writes it
}
