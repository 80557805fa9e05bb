package browsertest

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/browser"
)

// A coated label has a second part, under a coating.
type coated struct {
	visible string // what all see, bracketed
	link    string // what the second symbol says
	code    genuine.Code
	symbol  image.Image
}

// coated returns the label of a pack of the pharmacy that no test has had, as the maker
// prints it.
func (s *scene) coated(t *testing.T) *coated {
	t.Helper()
	for _, program := range []string{"pdftoppm", "ZXingReader"} {
		if _, err := exec.LookPath(program); err != nil {
			needs(t, program+" (Debian packages poppler-utils, zxing-cpp-tools)")
		}
	}
	place := s.taken.Add(1) - 1
	visible, err := s.Scan(t.Context(), place)
	must(t, err)
	pdf, err := s.Stage.Cast.Manufacturer.API.PostRaw(t.Context(), "/v1/batches/"+s.Batch.String()+"/labels",
		map[string]any{"from": place, "count": 1, "sheet": "roll"})
	must(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "label.pdf")
	must(t, os.WriteFile(file, pdf, 0o600))
	must(t, exec.CommandContext(t.Context(), "pdftoppm", "-r", "300", "-png", "-singlefile", file, filepath.Join(dir, "label")).Run())
	raw, err := os.ReadFile(filepath.Join(dir, "label.png"))
	must(t, err)
	label, err := png.Decode(bytes.NewReader(raw))
	must(t, err)
	c := &coated{visible: visible, symbol: second(label)}
	var cut bytes.Buffer
	must(t, png.Encode(&cut, c.symbol))
	must(t, os.WriteFile(filepath.Join(dir, "second.png"), cut.Bytes(), 0o600))
	out, err := exec.CommandContext(t.Context(), "ZXingReader", "-1", "-format", "QRCode", filepath.Join(dir, "second.png")).Output()
	must(t, err)
	_, text, _ := strings.Cut(string(out), `"`)
	c.link, _, _ = strings.Cut(text, `"`)
	_, concealed := genuine.CutFragment(c.link)
	c.code, err = genuine.ParseCode(concealed)
	must(t, err)
	return c
}

// second cuts out the part of a label that is under the coating.
func second(label image.Image) image.Image {
	b := label.Bounds()
	part := image.Rect(b.Min.X+b.Dx()*63/100, b.Min.Y, b.Max.X, b.Max.Y)
	out := image.NewGray(image.Rect(0, 0, part.Dx(), part.Dy()))
	draw.Draw(out, out.Bounds(), label, part.Min, draw.Src)
	return out
}

// redeems waits until the page says how it stands with a code.
func redeems(t *testing.T, p *browser.Page, want, by string) {
	t.Helper()
	must(t, p.Until(`document.querySelector('#redeem[data-redeem="`+want+`"][data-by="`+by+`"]') && !document.querySelector('#redeem-send[aria-busy="true"]')`))
}

// A patient scratches and scans what is below: the first. Whoever has a copy of the
// label is told so, and when.
func TestRedeemScanned(t *testing.T) {
	s := play(t)
	c := s.coated(t)
	p := scanned(t, s, c.symbol, browser.View{Size: 420})
	shown, why := verdict(t, p)
	expect(t, shown, why, "genuine", "")
	must(t, p.Until(`document.querySelector('#redeem-code')?.value.length === 26`))
	redeems(t, p, "unused", "evidence")
	clean(t, p)
	shot(t, p, "redeem-scanned")
	must(t, p.Click("#redeem-send"))
	redeems(t, p, "first", "evidence")
	clean(t, p)
	shot(t, p, "redeem-first")

	// In another browser the link itself, as a phone's camera opens it.
	copied := tab(t, start(t, browser.Config{Language: "de-DE"}), c.link)
	shown, why = verdict(t, copied)
	expect(t, shown, why, "genuine", "")
	redeems(t, copied, "other", "evidence")
	must(t, copied.Click("#redeem-send"))
	redeems(t, copied, "other", "evidence")
	// The browser itself notes an answer that is a refusal.
	if note := <-copied.Complaints; !strings.Contains(note, "409") {
		t.Errorf("the page complains: %s", note)
	}
	clean(t, copied)
	shot(t, copied, "redeem-copy-de")
	// The maker hears of it, and the next who asks for evidence sees it.
	must(t, copied.Until(`document.querySelector('[data-alert="already_redeemed"]')`))

	// The first looks again: the ledger knows the browser.
	check(t, p, c.visible)
	redeems(t, p, "mine", "evidence")
	shot(t, p, "redeem-mine")
}

// What is not the pack's code is found out in the browser, and a code that is none at
// once; packs without codes have no field.
func TestRedeemRefuses(t *testing.T) {
	s := play(t)
	c, other := s.coated(t), s.coated(t)
	p := tab(t, start(t, browser.Config{}), s.Stage.Cast.Pharmacy.Endpoint)
	check(t, p, c.visible)
	redeems(t, p, "unused", "evidence") // what comes above the button moves it
	must(t, p.Click("#redeem-open"))
	for _, slip := range []string{"", "123", "UUUUUUUUUUUUUUUUUUUUUUUUUU", c.visible} {
		must(t, p.Type("#redeem-code", slip))
		must(t, p.Click("#redeem-send"))
		must(t, p.Until(`document.querySelector('#redeem-code[aria-invalid="true"]') && document.activeElement.id === 'redeem-code'`))
	}
	clean(t, p)
	must(t, p.Type("#redeem-code", other.code.Printed()))
	must(t, p.Click("#redeem-send"))
	redeems(t, p, "wrong", "evidence")
	clean(t, p)
	shot(t, p, "redeem-wrong")
	must(t, p.Type("#redeem-code", c.code.Printed()))
	must(t, p.Click("#redeem-send"))
	redeems(t, p, "first", "evidence")
}

// Attack: look for the code in all that a server gets, in the address, in what the
// browser keeps and in the evidence that is saved. And a server that has gone, or says
// something else, proves nothing.
func TestRedeemTellsNobody(t *testing.T) {
	s := play(t)
	c := s.coated(t)
	var mu sync.Mutex
	var heard strings.Builder
	to, err := url.Parse(s.Stage.Cast.Pharmacy.Endpoint)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dump, err := httputil.DumpRequest(r, true)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		heard.Write(dump)
		mu.Unlock()
		r.Host = to.Host
		// The page is at another address than the server knows: to it this is no page of others.
		r.Header.Del("Origin")
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	id, err := gs1.ParseIdentifier(c.visible, clock())
	must(t, err)
	link, err := id.LinkUnder(front.URL)
	must(t, err)
	p := tab(t, start(t, browser.Config{}), link+"#"+c.code.Fragment())
	verdict(t, p)
	must(t, p.Until(`document.querySelector('#redeem-code')?.value.length === 26`))
	redeems(t, p, "unused", "evidence")
	address, err := browser.Evaluate[string](p, `location.href`)
	must(t, err)
	if address != link {
		t.Errorf("the address is %s, want %s", address, link)
	}
	mu.Lock()
	if strings.Contains(heard.String(), "/v1/redemptions") {
		t.Error("it was redeemed before anybody asked for it")
	}
	mu.Unlock()
	must(t, p.Click("#redeem-send"))
	redeems(t, p, "first", "evidence")
	kept, err := browser.Evaluate[string](p, `(async () => {
		const all = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), JSON.stringify(history.state), document.cookie]
		for (const name of await caches.keys()) for (const r of await (await caches.open(name)).keys()) all.push(r.url)
		const db = await new Promise((done) => { indexedDB.open('theriac').onsuccess = (e) => done(e.target.result) })
		const keys = await new Promise((done) => { db.transaction('keys').objectStore('keys').getAllKeys().onsuccess = (e) => done(e.target.result) })
		return all.concat(keys).join('\n')
	})()`)
	must(t, err)
	if !strings.Contains(kept, "redeem-") {
		t.Errorf("the browser's key is not kept: %.300s", kept)
	}
	saved, err := s.Stage.Cast.Pharmacy.API.Bundle(t.Context(), c.visible)
	must(t, err)
	mu.Lock()
	all := strings.ToUpper(heard.String() + kept + string(saved))
	mu.Unlock()
	for _, form := range []string{c.code.Printed(), strings.ReplaceAll(c.code.Printed(), "-", ""), c.code.Printed()[:13], c.code.Printed()[14:]} {
		if strings.Contains(all, form) {
			t.Errorf("%s was told or kept", form)
		}
	}
	if !strings.Contains(heard.String(), "/v1/redemptions") {
		t.Error("nothing was heard of the redemption")
	}
	// Gone, it cannot say.
	front.Close()
	p = tab(t, start(t, browser.Config{}), s.Stage.Cast.Pharmacy.Endpoint)
	other := s.coated(t)
	check(t, p, other.visible)
	redeems(t, p, "unused", "evidence") // what comes above the button moves it
	must(t, p.Click("#redeem-open"))
	_, err = browser.Evaluate[bool](p, `(window.fetch = () => Promise.reject(new Error('gone')), true)`)
	must(t, err)
	must(t, p.Type("#redeem-code", other.code.Printed()))
	must(t, p.Click("#redeem-send"))
	redeems(t, p, "cannot", "page")
	shot(t, p, "redeem-cannot")
}
