// Command soak runs what takes long: kills, races, floods, leaks, stops, load
// and overload, and fuzzing by the hour. Each check has a
// control, a program with a mistake in it that the check must find. It ends
// with a table, a row a figure, and with 1 when a promise was not kept or a
// control was not found out.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"mcp-auth/scripts/internal/live"
)

// A Check measures one promise.
type check struct {
	id, about string
	run       func(*soak) error
}

var checks = []check{
	{"R-01", "a killed program leaves its profiles whole; many processes spend one refresh token once", killed},
	{"R-02", "a saved profile outlives a power cut: the order of calls", ordered},
	{"R-03", "nothing is spent twice: code, refresh token, device code, consent", spent},
	{"R-04", "memory is bounded under floods", flooded},
	{"R-05", "nothing leaks: goroutines, descriptors", leaked},
	{"R-06", "a stop loses no answer, and takes 5 s at most", stopped},
	{"R-07", "load is held", held},
	{"R-08", "overload fails soft", overloaded},
}

// A soak is one run with its rows.
type soak struct {
	short bool
	dir   string
	rows  []row
	plain string // the build without mistakes
}

// A row is one line of the table.
type row struct {
	id, what, figure, wanted string
	ok                       bool
}

var (
	short   = flag.Bool("short", false, "small numbers: what CI has time for, well under 2 minutes")
	only    = flag.String("only", "", "ids to run, such as R-03,R-06; empty: all")
	share   = flag.Float64("share", 1, "how much of the long form's numbers to make, such as 0.1")
	minutes = flag.Float64("minutes", 30, "how long R-07 holds its load in the long form")
	write   = flag.Bool("write", false, "write what was measured into "+record)
	fuzzing = flag.Duration("fuzz", 0, "instead: run every fuzz target for its share of this time, and say what was executed")
)

func main() {
	flag.Usage = usage
	flag.Parse()
	s := &soak{short: *short}
	began := machine()
	err := s.do()
	s.print()
	if *write && len(s.rows) > 0 {
		err = errors.Join(err, writeRecord(record, s.rows, began))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
	}
	if err != nil || slices.ContainsFunc(s.rows, func(r row) bool { return !r.ok }) {
		os.Exit(1)
	}
}

func usage() {
	fmt.Println("scripts/soak [--short] [--only R-03,...] [--share 0.1] [--minutes 30] [--write] [--fuzz 8h]\n\nChecks")
	for _, c := range checks {
		fmt.Printf("  %s  %s\n", c.id, c.about)
	}
	fmt.Println("\nFlags")
	flag.PrintDefaults()
}

func (s *soak) do() (err error) {
	if s.dir, err = os.MkdirTemp("", "mcp-auth-soak-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.dir)
	fmt.Println(machine())
	if *fuzzing > 0 {
		return fuzzed(s, *fuzzing)
	}
	if s.plain, err = (live.Build{}).Into(s.dir); err != nil {
		return err
	}
	for _, c := range checks {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), c.id) {
			continue
		}
		began := time.Now()
		fmt.Printf("\n== %s: %s\n", c.id, c.about)
		if err := c.run(s); err != nil {
			s.add(c.id, c.about, err.Error(), "to be measured", false)
		}
		fmt.Printf("   took %s\n", time.Since(began).Round(100*time.Millisecond))
	}
	return nil
}

// add adds a row and shows it.
func (s *soak) add(id, what, figure, wanted string, ok bool) {
	r := row{id, what, figure, wanted, ok}
	s.rows = append(s.rows, r)
	fmt.Println("  ", r.line())
}

// control adds a row that is fine when the check has found the mistake.
func (s *soak) control(id, mistake, figure string, found bool) {
	s.add(id, "control: "+mistake, figure, "to be found out", found)
}

func (r row) word() string {
	words := [2]string{"NOT KEPT", "kept"}
	if strings.HasPrefix(r.what, "control:") {
		words = [2]string{"NOT FOUND OUT", "found out"}
	}
	if r.ok {
		return words[1]
	}
	return words[0]
}

func (r row) line() string {
	command := "`scripts/soak --only " + r.id + "`"
	if r.id == "R-10" {
		command = "`scripts/soak --fuzz TIME`"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", r.id, r.what, r.figure, r.wanted, r.word(), command)
}

func (s *soak) print() {
	if len(s.rows) == 0 {
		return
	}
	fmt.Printf("\n%s\n\n| id | promise | measured | wanted | | printed by |\n|---|---|---|---|---|---|\n", machine())
	for _, r := range s.rows {
		fmt.Println(r.line())
	}
}

// machine is where and of what it was measured.
func machine() string {
	commit := "unknown commit"
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = "commit " + strings.TrimSpace(string(out))
	}
	form := "long form"
	if *short {
		form = "short form"
	}
	return fmt.Sprintf("%s %s/%s, %d CPUs, %s, %s, load average %.1f, %s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), commit, time.Now().UTC().Format("2006-01-02 15:04 MST"), loadAverage(), form)
}

// loadAverage is how much the machine had to do in the last minute; 0 where the
// system does not say.
func loadAverage() (load float64) {
	data, _ := os.ReadFile("/proc/loadavg")
	_, _ = fmt.Sscan(string(data), &load)
	return load
}

// many is how many of something the form that runs makes.
func (s *soak) many(short, long int) int {
	if s.short {
		return short
	}
	return max(short, int(float64(long)*min(1, *share)))
}

// pick is the value for the form that runs.
func pick[N any](s *soak, short, long N) N {
	if s.short {
		return short
	}
	return long
}
