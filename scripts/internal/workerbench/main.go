// Command workerbench measures the Worker in workerd: processor time of a
// request in the hosted Go, beside a Worker of JavaScript alone in the same
// process and run, and how long a cold object takes to its first answer.
// Figures of time are of this machine; the ratio is what travels.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"mcp-auth/scripts/internal/workerd"
)

func main() {
	quick := flag.Bool("quick", false, "fewer requests, to see that it runs")
	flag.Bool("worker", true, "measure the Worker")
	flag.Parse()
	if err := run(*quick); err != nil {
		fmt.Fprintln(os.Stderr, "bench --worker:", err)
		os.Exit(1)
	}
}

// A load is one kind of request.
type load struct {
	name, world, method, path, contentType, body string
	status                                       int
}

var loads = []load{
	{"JavaScript alone: a constant", "plain", "GET", "/health", "", "", 200},
	{"health", "bench", "GET", "/health", "", "", 200},
	{"metadata", "bench", "GET", "/.well-known/oauth-authorization-server", "", "", 200},
	{"client credentials", "bench", "POST", "/oauth/token", "application/x-www-form-urlencoded",
		"grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret", 200},
	{"protected call without a token", "bench", "POST", "/mcp/oauth", "application/json", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, 401},
	{"protected call, static token", "bench", "POST", "/mcp/bearer-token", "application/json", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, 200},
}

func run(quick bool) error {
	rounds, each := 7, 400
	if quick {
		rounds, each = 3, 100
	}
	program, err := workerd.Install()
	if err != nil {
		return err
	}
	if _, err := workerd.Build(); err != nil {
		return err
	}
	folder, err := workerd.BuildScripted()
	if err != nil {
		return err
	}
	p, err := workerd.Serve(program, folder)
	if err != nil {
		return err
	}
	defer p.Stop()
	cold, err := coldObjects(p, 9)
	if err != nil {
		return err
	}
	spent := make([][]time.Duration, len(loads))
	for round := range rounds + 1 {
		for i, l := range loads {
			before := processorTime(p)
			for range each {
				if err := send(p, l); err != nil {
					return err
				}
			}
			if round > 0 { // the first one warms
				spent[i] = append(spent[i], (processorTime(p)-before)/time.Duration(each))
			}
		}
	}
	fmt.Printf("%-34s %12s %10s\n", "request, in workerd", "CPU", "to JS")
	base := median(spent[0])
	for i, l := range loads {
		fmt.Printf("%-34s %9.2f ms %9.1fx\n", l.name, float64(median(spent[i]).Microseconds())/1000, float64(median(spent[i]))/float64(base))
	}
	fmt.Printf("first answer of a cold object: %.0f ms (median of %d; wanted at most 300)\n", float64(median(cold).Microseconds())/1000, len(cold))
	return nil
}

// coldObjects asks objects that nobody has asked before; the first of all
// also pays for compiling, and is left out.
func coldObjects(p *workerd.Process, n int) (all []time.Duration, err error) {
	for i := range n + 1 {
		begin := time.Now()
		if err := send(p, load{world: "cold " + strconv.Itoa(i), method: "GET", path: "/health", status: 200}); err != nil {
			return nil, err
		}
		if i > 0 {
			all = append(all, time.Since(begin))
		}
	}
	return all, nil
}

func send(p *workerd.Process, l load) error {
	r, err := http.NewRequest(l.method, "http://"+p.Address+l.path, bytes.NewReader([]byte(l.body)))
	if err != nil {
		return err
	}
	r.Host = "127.0.0.1:8765"
	r.Header.Set("X-World", l.world)
	r.Header.Set("X-World-Config", `{"Issuer":"http://127.0.0.1:8765","Seed":true,"Mint":true}`)
	if l.contentType != "" {
		r.Header.Set("Content-Type", l.contentType)
	}
	if strings.HasSuffix(l.path, "bearer-token") {
		r.Header.Set("Authorization", "Bearer test-bearer-token")
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	b, err := io.ReadAll(reply.Body)
	if err == nil && reply.StatusCode != l.status {
		return fmt.Errorf("%s: %d %s", l.path, reply.StatusCode, b)
	}
	return err
}

// processorTime is what workerd has used, in ticks of 10 ms: measured over
// hundreds of requests.
func processorTime(p *workerd.Process) time.Duration {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(p.Command.Process.Pid) + "/stat")
	if err != nil {
		fmt.Fprintln(os.Stderr, "processor time can be measured on Linux alone")
		os.Exit(1)
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+2:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func median(all []time.Duration) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}
