package site

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"theriac/internal/browser"
)

// A house serves a site, another one, or nothing.
type house struct{ site atomic.Pointer[Site] }

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := h.site.Load()
	if s == nil {
		panic(http.ErrAbortHandler) // as a server that is gone
	}
	if r.URL.Path == "/v1/status" {
		_, _ = w.Write([]byte("status"))
		return
	}
	s.ServeHTTP(w, r)
}

// versions returns the built pages, and others whose public page is marked.
func versions(t *testing.T) (first, second *Site) {
	t.Helper()
	changed := fstest.MapFS{}
	built := pages(t)
	err := fs.WalkDir(built, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(built, path)
		changed[path] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	first = newSite(t, changed)
	second = func() *Site {
		index := strings.Replace(string(changed["index.html"].Data), "<html ", "<html data-second ", 1)
		changed["index.html"] = &fstest.MapFile{Data: []byte(index)}
		// As vite.worker.config.mjs does: it has a digest of all files in it.
		worker := strings.ReplaceAll(string(changed["worker.js"].Data), "theriac-version-", "theriac-version-2")
		changed["worker.js"] = &fstest.MapFile{Data: []byte(worker)}
		return newSite(t, changed)
	}()
	if first.Digest() == second.Digest() {
		t.Fatal("both versions are one")
	}
	return first, second
}

func start(t *testing.T) *browser.Page {
	t.Helper()
	b, err := browser.Start(t.Context(), browser.Config{})
	if errors.Is(err, browser.ErrNone) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	p, err := b.Page()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

const (
	register = `navigator.serviceWorker.register('/worker.js', {scope: '/', updateViaCache: 'none'}).then(() => true)`
	which    = `new Promise((tell) => { const c = new MessageChannel(); c.port1.onmessage = (e) => tell(e.data); ` +
		`navigator.serviceWorker.controller.postMessage('page', [c.port2]) })`
	look   = `navigator.serviceWorker.getRegistration().then((r) => r.update()).then((r) => { globalThis.reg = r; return true })`
	accept = `reg.waiting.postMessage('update') ?? true`
	bodies = `fetch('/v1/status').then((r) => r.text(), () => 'gone')`
)

// An installed page works without its server, and stays what it was until its
// person agrees to another; the API is never kept.
func TestInstalledPageStays(t *testing.T) {
	first, second := versions(t)
	h := new(house)
	h.site.Store(first)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	p := start(t)
	shows := func(path string, s *Site, second bool) {
		t.Helper()
		if err := p.Go(server.URL + path); err != nil {
			t.Fatal(err)
		}
		if err := p.Until(`navigator.serviceWorker.controller`); err != nil {
			t.Fatal(err)
		}
		if got, err := browser.Evaluate[bool](p, `'second' in document.documentElement.dataset`); err != nil || got != second {
			t.Errorf("%s shows the second: %v, %v", path, got, err)
		}
		if name, err := browser.Evaluate[string](p, which); err != nil || name != "theriac-page-"+s.Digest().String() {
			t.Errorf("%s is of %q, %v, want %s", path, name, err, s.Digest())
		}
	}
	if err := p.Go(server.URL + "/01/09521141200018/21/A"); err != nil {
		t.Fatal(err)
	}
	if _, err := browser.Evaluate[bool](p, register); err != nil {
		t.Fatal(err)
	}
	shows("/", first, false)

	h.site.Store(nil)
	shows("/01/09521141200018/21/B?17=291121", first, false)
	if got, err := browser.Evaluate[string](p, bodies); err != nil || got != "gone" {
		t.Errorf("the API without its server answers %q, %v", got, err)
	}

	h.site.Store(second)
	if _, err := browser.Evaluate[bool](p, look); err != nil {
		t.Fatal(err)
	}
	if err := p.Until(`reg.waiting && reg.waiting.state === 'installed'`); err != nil {
		t.Fatal(err)
	}
	shows("/", first, false)
	if got, err := browser.Evaluate[string](p, bodies); err != nil || got != "status" {
		t.Errorf("the API answers %q, %v", got, err)
	}

	if _, err := browser.Evaluate[bool](p, look); err != nil {
		t.Fatal(err)
	}
	if _, err := browser.Evaluate[bool](p, accept); err != nil {
		t.Fatal(err)
	}
	if err := p.Until(`reg.active && !reg.waiting && reg.active.state === 'activated'`); err != nil {
		t.Fatal(err)
	}
	shows("/", second, true)
}

// Attack: a server has another page, and waits until the person closes the last tab,
// when browsers replace the worker unasked.
func TestInstalledPageOutlivesItsTabs(t *testing.T) {
	first, second := versions(t)
	h := new(house)
	h.site.Store(first)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	p := start(t)
	step := func(url, script, until string) {
		t.Helper()
		if err := p.Go(url); err != nil {
			t.Fatal(err)
		}
		if _, err := browser.Evaluate[bool](p, script); err != nil {
			t.Fatal(err)
		}
		if err := p.Until(until); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(want *Site) {
		t.Helper()
		if name, err := browser.Evaluate[string](p, which); err != nil || name != "theriac-page-"+want.Digest().String() {
			t.Errorf("the page is %q, %v, want %s", name, err, want.Digest())
		}
	}
	step(server.URL, register, `navigator.serviceWorker.ready`)
	step(server.URL, `true`, `navigator.serviceWorker.controller`)
	h.site.Store(second)
	step(server.URL, look, `reg.waiting && reg.waiting.state === 'installed'`)
	for range 3 {
		step("about:blank", `true`, `true`)
		step(server.URL, `true`, `navigator.serviceWorker.controller`)
		shows(first)
	}
	// The newer worker runs by now, and its page is offered.
	step(server.URL, `navigator.serviceWorker.getRegistration().then((r) => !r.waiting)`, `document.querySelector('#update')`)
	if err := p.Click("#update"); err != nil {
		t.Fatal(err)
	}
	// The page loads again by itself, which nobody can wait for from within it, and which
	// may end a visit that has just begun.
	for range 20 {
		if err := p.Go(server.URL); err != nil {
			continue
		}
		if name, err := browser.Evaluate[string](p, which); err == nil && name == "theriac-page-"+second.Digest().String() {
			return
		}
	}
	shows(second)
}

// Attack: while a page is installed the server sends other bytes than it lists. It
// is not installed.
func TestLyingServerInstallsNothing(t *testing.T) {
	first, _ := versions(t)
	evil := *first.files["/"]
	evil.raw, evil.packed = append([]byte("<!-- evil -->"), evil.raw...), nil
	first.files["/"] = &evil
	h := new(house)
	h.site.Store(first)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	p := start(t)
	if err := p.Go(server.URL + "/console"); err != nil {
		t.Fatal(err)
	}
	if _, err := browser.Evaluate[bool](p, `navigator.serviceWorker.register('/worker.js').then((r) => { globalThis.sw = r.installing; return true })`); err != nil {
		t.Fatal(err)
	}
	if err := p.Until(`sw.state === 'redundant'`); err != nil {
		t.Fatal(err)
	}
}
