package theriac_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"theriac"
	"theriac/canon"
	"theriac/gs1"
	"theriac/refusal"
)

// A question is put to both verifiers, this one and the browser's.
type question struct {
	Bundle []byte `json:"bundle"`
	Trust  []byte `json:"trust"`
	Now    int64  `json:"now"` // milliseconds
	Label  *label `json:"label,omitempty"`

	what string
}

// A label is what was read off a pack.
type label struct {
	GTIN   string `json:"gtin"`
	Serial string `json:"serial"`
	Lot    string `json:"lot"`
	Expiry string `json:"expiry"`
}

// An opinion is what a verifier says.
type opinion struct {
	sentence
	Facts string `json:"facts"`
}

// ask returns what this verifier says.
func (q *question) ask() (out opinion) {
	defer func() {
		if r := recover(); r != nil {
			out = opinion{sentence: sentence{Verdict: "panic", Code: fmt.Sprint(r)}}
		}
	}()
	b, err := theriac.ParseBundle(q.Bundle)
	trust, noTrust := theriac.ParseTrust(q.Trust)
	if err == nil {
		err = noTrust
	}
	if err != nil {
		return opinion{sentence: sentence{Verdict: unreadable, Code: refusal.Code(err)}}
	}
	now := time.UnixMilli(q.Now)
	var v theriac.Verdict
	if q.Label == nil {
		v = b.Verify(trust, now)
	} else {
		l := q.Label
		v = b.VerifyCode(gs1.Identifier{
			GTIN: gs1.GTIN(l.GTIN), Serial: gs1.Serial(l.Serial), Lot: gs1.Lot(l.Lot), Expiry: gs1.Date(l.Expiry),
		}, trust, now)
	}
	return opinion{judge(&v), facts(&v.Facts)}
}

func facts(f *theriac.Facts) string {
	number := ""
	if f.Certificate != nil {
		number = f.Certificate.Subject.Number
	}
	all := []string{string(f.SGTIN.GTIN), string(f.SGTIN.Serial), string(f.Lot), f.Expiry, f.State, f.Custodian, number}
	for _, l := range f.Materials {
		link, _ := l.Identifier().DigitalLink()
		all = append(all, link)
	}
	all = append(all, strconv.Itoa(len(f.Exchanges)))
	for _, a := range f.Alerts {
		all = append(all, a.Code, a.By, day(a.At))
	}
	for _, m := range f.Measured {
		all = append(all, strconv.FormatUint(m.Counter, 10), m.From, m.To, m.Place, day(m.Registered), day(m.Verified),
			strconv.FormatBool(m.Whole), linkOf(m.Material), strconv.FormatBool(m.Current))
	}
	all = append(all, strconv.FormatBool(f.Codes))
	if r := f.Redeemed; r != nil {
		all = append(all, day(r.At), r.By, canon.Text(r.Browser[:]))
	}
	return strings.Join(all, " ")
}

// day is the time as far as JavaScript has one; zero is never.
func day(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	const end = 8_640_000_000_000_000
	if ms := at.UnixMilli(); -end <= ms && ms <= end {
		return strconv.FormatInt(ms, 10)
	}
	return "NaN"
}

// webVerifier builds the browser's verifier and starts it, or skips: loudly, and in
// CI not at all.
func webVerifier(t *testing.T) *exec.Cmd {
	t.Helper()
	program := node(t)
	vite := filepath.Join("web", "node_modules", "vite", "bin", "vite.js")
	if _, err := os.Stat(vite); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("web/node_modules is missing: the browser's verifier was not held against this one (cd web && npm ci)")
		}
		t.Skip("SKIPPED: web/node_modules is missing (cd web && npm ci), so the browser's verifier was not held against this one")
	}
	out := t.TempDir()
	build := exec.Command(program, filepath.Join("node_modules", "vite", "bin", "vite.js"), "build",
		"--config", "vite.verifier.config.ts", "--outDir", out, "--emptyOutDir", "--logLevel", "warn")
	build.Dir = "web"
	if msg, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, msg)
	}
	return exec.Command(program, "--no-warnings", filepath.Join("testdata", "web.mjs"), filepath.Join(out, "verifier.js"))
}

// amount returns a number from the environment: THERIAC_SEED=7 THERIAC_GOOD=1000
// THERIAC_MUTATED=10000 is the long version. THERIAC_CHANGE="a document" makes one kind
// of change only.
func amount(t *testing.T, name string, otherwise int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The browser's verifier says what this one says: outcome, step, blame, proven, code
// and facts, of good evidence and of evidence that was changed in every way that we
// know of.
func TestBrowserAgrees(t *testing.T) {
	cmd := webVerifier(t)
	from := amount(t, "THERIAC_SEED", 1)
	t.Logf("THERIAC_SEED=%d", from)
	seed(t, fmt.Sprintf("browser %d", from))
	m := &mutator{Rand: rand.New(rand.NewPCG(uint64(from), 0)), t: t}
	m.collect(amount(t, "THERIAC_GOOD", 200))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	asked := make(chan question, 64)
	go func() {
		defer close(asked)
		defer in.Close()
		lines := json.NewEncoder(in)
		for q := range m.questions(amount(t, "THERIAC_MUTATED", 3000)) {
			if err := lines.Encode(q); err != nil {
				t.Error(err)
				return
			}
			asked <- q
		}
	}()
	compare(t, asked, bufio.NewReaderSize(out, 1<<20))
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// compare reads the answers.
func compare(t *testing.T, asked <-chan question, out *bufio.Reader) {
	t.Helper()
	said := map[sentence]int{}
	n := 0
	for q := range asked {
		n++
		want := q.ask()
		var got opinion
		line, err := out.ReadBytes('\n')
		if err := errors.Join(err, json.Unmarshal(line, &got)); err != nil {
			t.Fatalf("%s: %v", q.what, err)
		}
		if got != want {
			name := filepath.Join(os.TempDir(), fmt.Sprintf("theriac-disagreement-%d.json", n))
			raw, _ := json.Marshal(q)
			_ = os.WriteFile(name, raw, 0o600)
			t.Errorf("%s, kept in %s: the browser says\n%+v, want\n%+v", q.what, name, got, want)
		}
		said[want.sentence]++
	}
	for s, n := range said {
		t.Logf("%5d %+v", n, s)
	}
	if len(said) < 30 && os.Getenv("THERIAC_CHANGE") == "" {
		t.Errorf("%d cases came to %d different verdicts only", n, len(said))
	}
}
