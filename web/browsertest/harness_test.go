// Package browsertest tries the pages in a real browser against the running story:
// seven organisations with their own sockets, and Chromium.
//
// Pictures go to the folder that THERIAC_SHOTS names, or to one of the test run
// whose name is printed.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"theriac/internal/browser"
	"theriac/internal/journey"
)

// A scene is the stage on which the story was told up to the pharmacy.
type scene struct {
	*journey.Stage
	*journey.Story
	taken atomic.Uint64
	meter *meter
}

// fresh returns what is printed on a pack of the pharmacy that no test has had.
func (s *scene) fresh(t *testing.T) string {
	t.Helper()
	code, err := s.Scan(t.Context(), s.taken.Add(1)-1)
	must(t, err)
	return code
}

// packs is the size of the story's batch; half of it came to the pharmacy.
const packs = 400

var (
	once  sync.Once
	shown *scene
	shots string
	end   []func()
)

func TestMain(m *testing.M) {
	code := m.Run()
	for i := len(end) - 1; i >= 0; i-- {
		end[i]()
	}
	os.Exit(code)
}

// needs skips, or fails in CI, where something is missing.
func needs(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("needs %s", what)
	}
	t.Skipf("skipped: needs %s", what)
}

// play returns the story, which all tests share: each takes packs of its own.
func play(t *testing.T) *scene {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", "dist", "index.html")); err != nil {
		needs(t, "the built pages: make web")
	}
	once.Do(func() {
		s, err := tell()
		if err != nil {
			t.Error(err)
			return
		}
		shown = s
	})
	if shown == nil {
		t.Fatal("the story could not be told")
	}
	return shown
}

func tell() (*scene, error) {
	dir, err := os.MkdirTemp("", "theriac-browser-")
	if err != nil {
		return nil, err
	}
	end = append(end, func() { _ = os.RemoveAll(dir) })
	m := &meter{}
	end = append(end, m.start())
	stage, err := journey.Open(context.Background(), journey.StageConfig{
		Dir: dir, Validators: 1, Listen: "127.0.0.1:0", Version: "test", Limit: 1000, Devices: []string{m.address},
	})
	if err != nil {
		return nil, err
	}
	end = append(end, func() { _ = stage.Close() })
	story := &journey.Story{Cast: stage.Cast, Packs: packs, Codes: true, Tell: func(string, string) {}}
	return &scene{Stage: stage, Story: story, meter: m}, story.Run(context.Background())
}

// start starts a browser.
func start(t *testing.T, c browser.Config) *browser.Browser {
	t.Helper()
	b, err := browser.Start(t.Context(), c)
	if errors.Is(err, browser.ErrNone) {
		needs(t, "chromium (Debian package chromium)")
	}
	must(t, err)
	t.Cleanup(b.Close)
	return b
}

// tab opens an address in a new tab.
func tab(t *testing.T, b *browser.Browser, url string) *browser.Page {
	t.Helper()
	p, err := b.Page()
	must(t, err)
	t.Cleanup(p.Close)
	must(t, p.Go(url))
	return p
}

// local returns an endpoint under the name that browsers give passkeys for.
func local(endpoint string) string { return strings.Replace(endpoint, "127.0.0.1", "localhost", 1) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shot keeps a picture of the page, so that people can look.
func shot(t *testing.T, p *browser.Page, name string) {
	t.Helper()
	if shots == "" {
		shots = os.Getenv("THERIAC_SHOTS")
	}
	if shots == "" {
		dir, err := os.MkdirTemp("", "theriac-shots-")
		must(t, err)
		shots = dir
		fmt.Fprintln(os.Stderr, "pictures of the pages:", dir)
	}
	raw, err := p.Picture()
	must(t, err)
	must(t, os.MkdirAll(shots, 0o755))
	must(t, os.WriteFile(filepath.Join(shots, name+".png"), raw, 0o644))
}

// clean holds a page against axe-core and its own console: no violation, no error.
func clean(t *testing.T, p *browser.Page) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("..", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		needs(t, "axe-core: npm ci in web")
	}
	found, err := p.Axe(string(script))
	must(t, err)
	for _, v := range found {
		t.Errorf("axe %s (%s): %s\n  %s", v.ID, v.Impact, v.Help, strings.Join(v.Nodes, "\n  "))
	}
	for {
		select {
		case c := <-p.Complaints:
			t.Errorf("the page complains: %s", c)
		default:
			return
		}
	}
}
