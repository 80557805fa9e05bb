package browsertest

import (
	"bytes"
	"image"
	"image/png"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"theriac/internal/browser"
)

// symbol returns a symbol as our labels have it.
func (s *scene) symbol(t *testing.T, code, kind string) image.Image {
	t.Helper()
	raw, err := s.Stage.Cast.Pharmacy.API.Raw(t.Context(), "/v1/symbol", url.Values{"id": {code}, "symbol": {kind}, "picture": {"png"}})
	must(t, err)
	label, err := png.Decode(bytes.NewReader(raw))
	must(t, err)
	return label
}

// scanned returns a page whose camera has shown the label to it.
func scanned(t *testing.T, s *scene, label image.Image, views ...browser.View) *browser.Page {
	t.Helper()
	p := tab(t, start(t, browser.Config{Camera: film(t, label, views...)}), s.Stage.Cast.Pharmacy.Endpoint)
	must(t, p.Click("#scan"))
	return p
}

// A camera sees a printed label as people hold it.
func TestScan(t *testing.T) {
	s := play(t)
	code := s.fresh(t)
	for _, tt := range []struct {
		name, symbol string
		view         browser.View
	}{
		{"datamatrix", "datamatrix", browser.View{}},
		{"datamatrix-rotated", "datamatrix", browser.View{Angle: 33}},
		{"datamatrix-upside-down", "datamatrix", browser.View{Angle: 184, Size: 300}},
		{"datamatrix-blurred", "datamatrix", browser.View{Angle: 5, Size: 420, Blur: 3}},
		{"qr", "qr", browser.View{}},
		{"qr-rotated-blurred", "qr", browser.View{Angle: 41, Size: 480, Blur: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := scanned(t, s, s.symbol(t, code, tt.symbol), tt.view)
			shown, why := verdict(t, p)
			expect(t, shown, why, "genuine", "")
		})
	}
}

// A label with an invented serial number, and one with another expiry date, are
// never genuine.
func TestScanForged(t *testing.T) {
	s := play(t)
	code := s.fresh(t)
	for name, forged := range map[string]string{
		"serial": code[:len(code)-1] + "#",
		"expiry": strings.Replace(code, "(17)29", "(17)31", 1),
		"lot":    strings.Replace(code, string(s.Lot), "T999", 1),
	} {
		if name == "serial" {
			forged = code[:len(code)-4] + "ZZZZ"
		}
		if forged == code {
			t.Fatalf("%s: nothing was changed in %s", name, code)
		}
		t.Run(name, func(t *testing.T) {
			p := scanned(t, s, s.symbol(t, forged, "datamatrix"), browser.View{Angle: 12})
			shown, why := verdict(t, p)
			expect(t, shown, why, "refused", "")
			shot(t, p, "scan-forged-"+name)
		})
	}
}

// The scanner is loaded when it is asked for, and closed with Escape.
func TestScannerIsLoadedWhenAsked(t *testing.T) {
	s := play(t)
	p := tab(t, start(t, browser.Config{Camera: film(t, image.NewGray(image.Rect(0, 0, 8, 8)), browser.View{Size: 10})}), s.Stage.Cast.Pharmacy.Endpoint)
	const loaded = `performance.getEntriesByType('resource').filter((e) => /Scanner|zxing|reader/.test(e.name)).length`
	if n, err := browser.Evaluate[int](p, loaded); err != nil || n != 0 {
		t.Errorf("%d parts of the scanner are loaded before anybody asked, %v", n, err)
	}
	must(t, p.Click("#scan"))
	must(t, p.Until(`document.querySelector('#scanner video')?.videoWidth > 0`))
	clean(t, p)
	shot(t, p, "scanner")
	if n, err := browser.Evaluate[int](p, loaded); err != nil || n == 0 {
		t.Errorf("the scanner runs without its parts: %d, %v", n, err)
	}
	must(t, p.Press(kb.Escape))
	must(t, p.Until(`!document.querySelector('#scanner')`))
}
