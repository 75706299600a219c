package leaks

import (
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestR05_ALingeringGoroutineIsNoLeak(t *testing.T) {
	is := is.New(t)
	stop := make(chan struct{})
	go func() { <-stop }()
	is.True(find(time.Now()) != nil) // it is still there: found
	time.AfterFunc(time.Second, func() { close(stop) })
	is.NoErr(find(time.Now().Add(patience))) // it ended in time
}
