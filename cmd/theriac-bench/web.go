package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"theriac/gs1"
	"theriac/internal/browser"
	"theriac/internal/journey"
	"theriac/web"
)

// What the page may weigh and take.
const (
	pageLimit    = 60   // kB compressed, without the scanner
	verdictLimit = 1000 // ms from the scan to the verdict
	checkLimit   = 20   // ms of a proof check
)

type webCmd struct{}

// Help implements kong.HelpProvider.
func (webCmd) Help() string {
	return `The verify page in Chromium, over loopback: what it weighs, how long a proof check takes
beside its bare signatures in the same browser, and how long after a scan by its camera,
or after a label's link is opened, the verdict is there. Needs the built pages (make web) and chromium.

  theriac-bench web
  theriac-bench --rounds 9 --json web`
}

func (webCmd) bench(ctx context.Context, b bench) ([]result, error) {
	out, err := weights()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.dir, "web-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	stage, err := journey.Open(ctx, journey.StageConfig{Dir: filepath.Join(dir, "stage"), Validators: 1, Listen: "127.0.0.1:0", Limit: 1000})
	if err != nil {
		return nil, err
	}
	timed, err := pageTimes(ctx, b, dir, &journey.Story{Cast: stage.Cast, Packs: 10, Tell: func(string, string) {}})
	return append(out, timed...), errors.Join(err, stage.Close())
}

// local are the files that a page's HTML or a part names.
var local = regexp.MustCompile(`(?:src|href)="/(assets/[^"]+)"`)

// weights returns what the verify page and its scanner weigh, compressed. What the
// page loads at once stands in its HTML: the browser tests see that no more comes.
func weights() ([]result, error) {
	files := web.Files()
	html, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, fmt.Errorf("%w: make web", web.ErrNotBuilt)
	}
	page := compressed(html)
	first := map[string]bool{}
	for _, m := range local.FindAllStringSubmatch(string(html), -1) {
		raw, err := fs.ReadFile(files, m[1])
		if err != nil {
			return nil, err
		}
		first[m[1]] = true
		page += compressed(raw)
	}
	var scanner float64
	err = fs.WalkDir(files, "assets", func(name string, d fs.DirEntry, err error) error {
		base := filepath.Base(name)
		if err != nil || d.IsDir() || first[name] || !strings.HasPrefix(base, "Scanner") && !strings.HasPrefix(base, "reader") && !strings.HasPrefix(base, "zxing") {
			return err
		}
		raw, err := fs.ReadFile(files, name)
		scanner += compressed(raw)
		return err
	})
	return []result{
		newResult("page, compressed, without the scanner", "kB", fixed(page/1000), "limit", fixed(pageLimit)),
		newResult("scanner, loaded when asked for", "kB", fixed(scanner/1000), "the page", fixed(page/1000)),
	}, err
}

func compressed(raw []byte) float64 {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(raw); err != nil {
		return 0 // a buffer takes everything
	}
	if err := w.Close(); err != nil {
		return 0
	}
	return float64(b.Len())
}

// pageTimes tells the story and measures the page over it.
func pageTimes(ctx context.Context, b bench, dir string, story *journey.Story) ([]result, error) {
	b.progress("web: the story")
	if err := story.Run(ctx); err != nil {
		return nil, err
	}
	code, err := story.Scan(ctx, 0)
	if err != nil {
		return nil, err
	}
	film := filepath.Join(dir, "label.mjpeg")
	if err := labelFilm(ctx, story, code, film); err != nil {
		return nil, err
	}
	link, err := linkTo(code)
	if err != nil {
		return nil, err
	}
	v := &visitor{endpoint: story.Cast.Pharmacy.Endpoint, film: film, link: link}
	b.progress("web: scans in Chromium")
	var after, first, later, bare, opened, cold series
	for range b.or(5) {
		m, err := v.scan(ctx)
		if err != nil {
			return nil, err
		}
		after, first, later, bare = append(after, m.after), append(first, m.first), append(later, m.later), append(bare, m.bare)
		o, err := v.open(ctx)
		if err != nil {
			return nil, err
		}
		opened, cold = append(opened, o.After), append(cold, o.First)
	}
	return []result{
		newResult("first verdict after a scan", "ms", after, "limit", fixed(verdictLimit)),
		newResult("proof check", "ms", later, "limit", fixed(checkLimit)),
		newResult("proof check, the page's first", "ms", first, "limit", fixed(checkLimit)),
		newResult("first verdict after a label's link is opened", "ms", opened, "limit", fixed(verdictLimit)),
		newResult("proof check of that, before a self-test", "ms", cold, "limit", fixed(checkLimit)),
		newResult("proof check", "ms", later, "its signatures alone, in the same page", bare),
	}, nil
}

// linkTo returns the path at which a label's link opens the page.
func linkTo(code string) (string, error) {
	id, err := gs1.ParseIdentifier(code, time.Now())
	if err != nil {
		return "", err
	}
	link, err := id.DigitalLink()
	return strings.TrimPrefix(link, "https://id.gs1.org"), err
}

// labelFilm writes what a camera sees of a pack's label.
func labelFilm(ctx context.Context, s *journey.Story, code, file string) error {
	raw, err := s.Cast.Pharmacy.API.Raw(ctx, "/v1/symbol", url.Values{"id": {code}, "symbol": {"datamatrix"}, "picture": {"png"}})
	if err != nil {
		return err
	}
	label, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(browser.Film(f, browser.Scene(label, browser.View{Angle: 8})), f.Close())
}
