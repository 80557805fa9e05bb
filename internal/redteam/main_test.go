package redteam

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"theriac/internal/journey"
)

// house is what the tests share: the built command, and organisations that run.
// The attacks on these leave them unharmed; others set a stage of their own.
type house struct {
	dir     string
	command func() (string, error)
	stage   func() (*world, error)
	turn    sync.Mutex // of the test that is on the stage: it counts what others would add to
}

var shared house

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "theriac-redteam")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	var opened *world
	var joined sync.WaitGroup
	shared.dir = dir
	shared.command = sync.OnceValues(func() (string, error) {
		name := filepath.Join(dir, "theriac")
		out, err := exec.Command("go", "build", "-o", name, "theriac/cmd/theriac").CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("build: %w: %s", err, out)
		}
		return name, nil
	})
	shared.stage = sync.OnceValues(func() (*world, error) {
		var err error
		if opened, err = openWorld(filepath.Join(dir, "stage"), 1, plenty); err != nil {
			return nil, err
		}
		// A node takes seconds to join; most tests do not need it.
		joined.Go(func() { _, _ = opened.attacker() })
		return opened, nil
	})
	// Most tests wait for others' blocks most of their time.
	if err := flag.Set("test.parallel", "32"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if opened != nil {
		joined.Wait()
		opened.stop()
	}
	return code
}

// plenty is a limit of public look-ups that no test reaches.
const plenty = 1e6

// openWorld sets the stage in a folder and opens it.
func openWorld(dir string, validators int, limit float64) (*world, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	alarms := &alarms{}
	s, err := journey.Open(context.Background(), journey.StageConfig{
		Dir: dir, Validators: validators, Log: slog.New(alarms), Limit: limit,
	})
	if err != nil {
		return nil, err
	}
	return newWorld(s, alarms), nil
}

// stage returns the organisations that tests share, once it is the test's turn.
func stage(t *testing.T) *world {
	t.Helper()
	shared.turn.Lock()
	t.Cleanup(shared.turn.Unlock)
	w, err := shared.stage()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// ownStage returns organisations that the test may harm.
func ownStage(t *testing.T) *world {
	t.Helper()
	return limited(t, plenty)
}

// command returns the built command.
func command(t *testing.T) string {
	t.Helper()
	name, err := shared.command()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// alarms keep what nodes log as errors.
type alarms struct {
	mu   sync.Mutex
	said []string
}

// Enabled implements slog.Handler.
func (a *alarms) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }

// Handle implements slog.Handler.
func (a *alarms) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(at slog.Attr) bool { line += " " + at.String(); return true })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said = append(a.said, line)
	return nil
}

// WithAttrs implements slog.Handler.
func (a *alarms) WithAttrs([]slog.Attr) slog.Handler { return a }

// WithGroup implements slog.Handler.
func (a *alarms) WithGroup(string) slog.Handler { return a }

func (a *alarms) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string{}, a.said...)
}
