package httpd_test

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// when the tests are over no goroutine is left, but for connections that
// the default client keeps.
func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, "a goroutine outlives its test:", err)
		code = 1
	}
	os.Exit(code)
}
