package site

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"theriac/web"
)

// pages returns the pages that were built into the test.
func pages(t *testing.T) fs.FS {
	t.Helper()
	if _, err := web.List(web.Files()); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return web.Files()
}

// The built pages hold nothing that their own policy would block: no script, style
// or handler within, and nothing of another origin.
func TestBuiltPagesKeepThePolicy(t *testing.T) {
	files := pages(t)
	for _, name := range []string{"index.html", "console.html"} {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		if faults := inline(raw); len(faults) > 0 {
			t.Errorf("%s: %q", name, faults)
		}
	}
}

// inline returns what the policy blocks.
func inline(page []byte) []string {
	var out []string
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if z.Err() != io.EOF {
				out = append(out, z.Err().Error())
			}
			return out
		}
		token := z.Token()
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		out = append(out, blocked(token)...)
	}
}

func blocked(token html.Token) []string {
	var out []string
	if token.Data == "style" || token.Data == "base" || token.Data == "iframe" || token.Data == "object" ||
		token.Data == "script" && !slices.ContainsFunc(token.Attr, func(a html.Attribute) bool { return a.Key == "src" }) {
		out = append(out, token.String())
	}
	for _, a := range token.Attr {
		address := a.Key == "src" || a.Key == "href"
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") || address && (!strings.HasPrefix(a.Val, "/") || strings.HasPrefix(a.Val, "//")) {
			out = append(out, token.String())
		}
	}
	return out
}

// The test above finds what it looks for.
func TestInlineIsFound(t *testing.T) {
	for _, page := range []string{
		"<script>x</script>", "<script type=module>x</script>", "<style>x</style>", "<p style='x'>", "<body onload=x>", "<a href='javascript:x'>",
		"<script src='https://evil.example/x'></script>", "<script src='//evil.example/x'></script>", "<base href='/'>", "<iframe src='/'>",
	} {
		if len(inline([]byte(page))) == 0 {
			t.Errorf("%s passes", page)
		}
	}
	if got := inline([]byte(`<!doctype html><script type="module" src="/assets/x.js"></script><link href="/x.css">`)); len(got) > 0 {
		t.Errorf("what is allowed: %q", got)
	}
}

// What a browser needs to install the page is there, with a media type that it takes.
func TestBuiltPagesInstall(t *testing.T) {
	s, err := New(pages(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/", "/console", "/page.json", "/manifest.webmanifest", "/worker.js", "/icon.svg", "/icon-192.png", "/icon-512.png", "/icon-maskable.png", "/robots.txt"} {
		if !s.Has(name) {
			t.Errorf("no %s", name)
		}
	}
	for _, f := range s.page.Files {
		if _, ok := kinds[path.Ext(f.Path)]; !ok {
			t.Errorf("%s has no media type", f.Path)
		}
	}
}
