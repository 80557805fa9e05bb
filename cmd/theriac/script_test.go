package main

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"theriac/client"
	"theriac/web"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"theriac": main})
}

// The commands, as they are typed. A script runs the real program.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "pick": pick, "port": port, "ready": ready, "flip": flip, "until": until, "registers": registers,
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "corpora":
				_, err := os.Stat(corpora(t))
				return err == nil, nil
			case "pdftotext":
				_, err := exec.LookPath("pdftotext")
				if err != nil && os.Getenv("CI") == "true" {
					return false, err
				}
				return err == nil, nil
			case "pages":
				_, err := web.List(web.Files())
				if err != nil && os.Getenv("CI") == "true" {
					return false, err
				}
				return err == nil, nil
			}
			return false, errors.New("unknown condition " + cond)
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("THERIAC_DATA", corpora(t))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
			return nil
		},
		UpdateScripts: false, RequireUniqueNames: true,
	})
}

// corpora returns the folder of third-party documents.
func corpora(t *testing.T) string {
	dir := os.Getenv("THERIAC_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// exits runs a program, which must end with the status: exits 3 theriac verify …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var status interface{ ExitCode() int }
	switch {
	case errors.As(err, &status):
		got = status.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("status %d, want %d", got, want)
	}
}

// pick sets a variable to what a pattern's group matches in the last output:
// pick NAME PATTERN
func pick(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pick NAME PATTERN")
	}
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) < 2 {
		ts.Fatalf("no match for %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// port sets API1 to API5 and PEER1 to PEER5 to free ports of loopback, each five in
// a row.
func port(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range []string{"API", "PEER"} {
		first := row(ts, 5)
		for i := range 5 {
			ts.Setenv(name+strconv.Itoa(i+1), strconv.Itoa(first+i))
		}
	}
}

// row returns the first of n free ports in a row, as organisation.FreePort chooses.
func row(ts *testscript.TestScript, n int) int {
	for range 100 {
		var open []net.Listener
		first := 10_000 + rand.IntN(20_000)
		for i := range n {
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+i)))
			if err != nil {
				break
			}
			open = append(open, l)
		}
		for _, l := range open {
			ts.Check(l.Close())
		}
		if len(open) == n {
			return first
		}
	}
	ts.Fatalf("no %d free ports in a row", n)
	return 0
}

// ready waits until servers take transactions: ready URL…
func ready(ts *testscript.TestScript, neg bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, address := range args {
		c, err := client.New(address, "")
		ts.Check(err)
		for {
			if _, err = c.Raw(ctx, "/readyz", nil); err == nil {
				break
			}
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
				ts.Fatalf("%s: %v", address, err)
			}
		}
	}
}

// flip replaces the first occurrence of a text in a file: flip FILE OLD NEW
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: flip FILE OLD NEW")
	}
	name := ts.MkAbs(args[0])
	raw, err := os.ReadFile(name)
	ts.Check(err)
	if !strings.Contains(string(raw), args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(name, []byte(strings.Replace(string(raw), args[1], args[2], 1)), fs.FileMode(0o600)))
}

// A command without a script is one that nobody tried.
func TestEveryCommandHasAScript(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("scripts: %v", err)
	}
	var all strings.Builder
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	for _, name := range slices.Sorted(commands(t)) {
		if !strings.Contains(all.String(), "theriac "+name) {
			t.Errorf("no script runs theriac %s", name)
		}
	}
}

// until runs a program until it ends well and prints what a pattern matches:
// until PATTERN theriac …
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN PROGRAM ARG…")
	}
	pattern := regexp.MustCompile(args[0])
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err := ts.Exec(args[1], args[2:]...); err == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("no %s in a minute", args[0])
}
