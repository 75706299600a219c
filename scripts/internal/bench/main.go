// Command bench measures the programs against a baseline beside them, in one
// run: a bare net/http + httprouter handler that answers constants of the
// same size. The figures are CPU time a request as multiples of the
// baseline's, medians of interleaved pairs; absolute times depend on the
// machine and are not promised. It ends with one line a figure.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	quick = flag.Bool("quick", false, "fewer rounds and tokens, to see that it runs")
	bare  = flag.String("bare", "", "internal: be the baseline on this address")
)

func main() {
	flag.Parse()
	if *bare != "" {
		fail(serveBare(*bare))
		return
	}
	fail(run())
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "mcp-auth-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if out, err := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./cli/mcp-auth", "./native/mcp-auth-server", "./scripts/internal/bench").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	fmt.Printf("%s %s/%s, %d CPUs, %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().UTC().Format(time.RFC3339))
	var figures []string
	ratios, err := throughput(dir)
	if err != nil {
		return err
	}
	figures = append(figures, ratios...)
	for _, measure := range []func(string) (string, error){bytesPerToken, serverStart, cliStart} {
		line, err := measure(dir)
		if err != nil {
			return err
		}
		figures = append(figures, line)
	}
	fmt.Println()
	for _, line := range figures {
		fmt.Println("bench", line)
	}
	return nil
}

// A process is a server under measurement.
type process struct {
	cmd  *exec.Cmd
	base string
	load *http.Client
}

// start runs a server, on a core of its own where taskset exists.
func start(name string, args ...string) (*process, error) {
	argv := append([]string{name}, args...)
	if path, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 1 {
		argv = append([]string{path, "-c", "0"}, argv...)
	}
	c := exec.Command(argv[0], argv[1:]...)
	c.Env = append(os.Environ(), "GOMAXPROCS=1")
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("%s said nothing: %w", name, err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	words := strings.Fields(line)
	return &process{cmd: c, base: words[len(words)-1], load: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// cpu is the time the process has used, user and system.
func (p *process) cpu() (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond, nil // in ticks of 1/100 s
}

// memory is the resident set, in bytes.
func (p *process) memory() (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), "VmRSS:")
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return n << 10, err
}

// send performs a request and returns the body.
func (p *process) send(r *http.Request) (*http.Response, []byte, error) {
	reply, err := p.load.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	return reply, body, err
}

func (p *process) post(path, contentType, token, body string) (*http.Response, []byte, error) {
	r, err := http.NewRequest("POST", p.base+path, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("Content-Type", contentType)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return p.send(r)
}

const formType = "application/x-www-form-urlencoded"

// throughput measures the three kinds of requests, ours and bare in turn.
func throughput(dir string) ([]string, error) {
	ours, err := start(filepath.Join(dir, "mcp-auth-server"), "--listen", "127.0.0.1:0", "--approval", "auto", "--log-format", "off")
	if err != nil {
		return nil, err
	}
	defer ours.stop()
	base, err := start(filepath.Join(dir, "bench"), "--bare", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer base.stop()
	var figures []string
	for _, w := range works(ours.base) {
		ratio, err := compare(w, ours, base)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		figures = append(figures, fmt.Sprintf("%s %.2f", w.name, ratio))
	}
	return figures, nil
}

// compare returns the median ratio of CPU time a unit of work.
func compare(w work, ours, base *process) (float64, error) {
	rounds, span := 7, 1500*time.Millisecond
	if *quick {
		rounds, span = 3, 400*time.Millisecond
	}
	var ratios []float64
	for range rounds {
		a, n, err := cost(w, ours, span)
		if err != nil {
			return 0, err
		}
		b, m, err := cost(w, base, span)
		if err != nil {
			return 0, err
		}
		if a > 0 && b > 0 {
			ratios = append(ratios, (a/float64(n))/(b/float64(m)))
		}
	}
	if len(ratios) == 0 {
		return 0, errors.New("the rounds are too short to measure")
	}
	slices.Sort(ratios)
	fmt.Printf("%-20s %.2f times the baseline (%.2f to %.2f in %d pairs)\n", w.name, ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1], len(ratios))
	return ratios[len(ratios)/2], nil
}

// cost runs work for a while and returns the server's CPU seconds and how
// many units were done.
func cost(w work, p *process, span time.Duration) (seconds float64, n int, err error) {
	const workers = 16
	if err := w.do(p); err != nil {
		return 0, 0, err
	}
	before, err := p.cpu()
	if err != nil {
		return 0, 0, err
	}
	end := time.Now().Add(span)
	done := make(chan int, workers)
	failed := make(chan error, workers)
	for range workers {
		go func() {
			k := 0
			for time.Now().Before(end) {
				if err := w.do(p); err != nil {
					failed <- err
					break
				}
				k++
			}
			done <- k
		}()
	}
	for range workers {
		n += <-done
	}
	select {
	case err := <-failed:
		return 0, 0, err
	default:
	}
	after, err := p.cpu()
	return (after - before).Seconds(), n, err
}

// A work is one unit of load: the same requests for ours and for the bare
// handler, which answers constants.
type work struct {
	name string
	do   func(*process) error
}

func works(base string) []work {
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	resource := url.QueryEscape(base + "/mcp/oauth")
	authorize := "/oauth/authorize?response_type=code&client_id=dev-public-client&redirect_uri=" + url.QueryEscape("http://127.0.0.1:7777/callback") +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&state=xyz&resource=" + resource
	token := ""
	return []work{
		{"client_credentials", func(p *process) error {
			reply, body, err := p.post("/oauth/token", formType, "", "grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret")
			return expect(reply, body, err, 200)
		}},
		{"code_flow", func(p *process) error {
			r, err := http.NewRequest("GET", p.base+authorize, nil)
			if err != nil {
				return err
			}
			reply, body, err := p.send(r)
			if err := expect(reply, body, err, 303); err != nil {
				return err
			}
			location, _ := url.Parse(reply.Header.Get("Location"))
			reply, body, err = p.post("/oauth/token", formType, "", "grant_type=authorization_code&client_id=dev-public-client&code_verifier="+verifier+"&code="+location.Query().Get("code"))
			return expect(reply, body, err, 200)
		}},
		{"resource", func(p *process) error {
			if token == "" {
				_, body, err := p.post("/oauth/token", formType, "", "grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret")
				if err != nil {
					return err
				}
				_, rest, _ := bytes.Cut(body, []byte(`"access_token":"`))
				value, _, _ := bytes.Cut(rest, []byte(`"`))
				token = string(value)
			}
			reply, body, err := p.post("/mcp/oauth", "application/json", token, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ping"}}`)
			return expect(reply, body, err, 200)
		}},
	}
}

func expect(r *http.Response, body []byte, err error, status int) error {
	if err == nil && r.StatusCode != status {
		err = fmt.Errorf("HTTP %d: %s", r.StatusCode, body)
	}
	return err
}

// bytesPerToken is how much the resident set grows a live access token.
func bytesPerToken(dir string) (string, error) {
	n := 1_000_000
	if *quick {
		n = 50_000
	}
	p, err := start(filepath.Join(dir, "mcp-auth-server"), "--listen", "127.0.0.1:0", "--log-format", "off")
	if err != nil {
		return "", err
	}
	defer p.stop()
	w := works(p.base)[0]
	for range 2000 { // what the first requests allocate is no token
		if err := w.do(p); err != nil {
			return "", err
		}
	}
	before, err := p.memory()
	if err != nil {
		return "", err
	}
	fmt.Printf("making %d tokens\n", n)
	if err := times(w, p, n); err != nil {
		return "", err
	}
	after, err := p.memory()
	return fmt.Sprintf("bytes_per_token %d", (after-before)/int64(n)), err
}

func times(w work, p *process, n int) error {
	const workers = 16
	failed := make(chan error, workers)
	for range workers {
		go func() {
			for range n / workers {
				if err := w.do(p); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	var err error
	for range workers {
		err = errors.Join(err, <-failed)
	}
	return err
}

// serverStart is the time from the start of the process to its first answer.
func serverStart(dir string) (string, error) {
	return median("server_start_ms", func() (time.Duration, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		address := l.Addr().String()
		l.Close()
		begin := time.Now()
		c := exec.Command(filepath.Join(dir, "mcp-auth-server"), "--listen", address, "--log-format", "off")
		if err := c.Start(); err != nil {
			return 0, err
		}
		defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
		for time.Since(begin) < 10*time.Second {
			if r, err := http.Get("http://" + address + "/health"); err == nil {
				r.Body.Close()
				return time.Since(begin), nil
			}
		}
		return 0, errors.New("the server did not start")
	})
}

func cliStart(dir string) (string, error) {
	return median("cli_start_ms", func() (time.Duration, error) {
		begin := time.Now()
		err := exec.Command(filepath.Join(dir, "mcp-auth"), "version").Run()
		return time.Since(begin), err
	})
}

func median(name string, measure func() (time.Duration, error)) (string, error) {
	var all []time.Duration
	for range 11 {
		d, err := measure()
		if err != nil {
			return "", err
		}
		all = append(all, d)
	}
	slices.Sort(all)
	return fmt.Sprintf("%s %.1f", name, float64(all[5].Microseconds())/1000), nil
}
