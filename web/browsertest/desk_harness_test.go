package browsertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"theriac/internal/browser"
	"theriac/internal/journey"
)

// visit is a person of a role at an organisation's desk, with a device of its own.
// It is gone when the test ends.
func visit(t *testing.T, of *journey.Actor, role string) *browser.Page {
	t.Helper()
	p := device(t, desktop)
	enter(t, p, of, role)
	return p
}

// put writes into a field as a form hears it, whatever kind of field it is.
func put(t *testing.T, p *browser.Page, id, value string) {
	t.Helper()
	must(t, p.Until(`document.getElementById(`+quoted(id)+`)`))
	_, err := browser.Evaluate[bool](p, `(() => {
		const field = document.getElementById(`+quoted(id)+`)
		field.value = `+quoted(value)+`
		field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', {bubbles: true}))
		return true
	})()`)
	must(t, err)
}

// choose chooses the option of a field that reads so.
func choose(t *testing.T, p *browser.Page, id, name string) {
	t.Helper()
	option := `[...document.querySelectorAll('#' + CSS.escape(` + quoted(id) + `) + ' option')].find((o) => o.textContent.includes(` + quoted(name) + `))`
	must(t, p.Until(option))
	value, err := browser.Evaluate[string](p, option+`.value`)
	must(t, err)
	put(t, p, id, value)
}

// tick ticks the box that reads so.
func tick(t *testing.T, p *browser.Page, form, name string) {
	t.Helper()
	box := `[...document.querySelectorAll('#` + form + ` label')].find((l) => l.textContent.includes(` + quoted(name) + `))?.querySelector('input')`
	must(t, p.Until(box))
	_, err := browser.Evaluate[bool](p, `(`+box+`.click(), true)`)
	must(t, err)
}

// attach chooses a file with some content.
func attach(t *testing.T, p *browser.Page, selector, name, content string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(file, []byte(content), 0o600))
	must(t, p.Upload(selector, file))
}

// submit sends a form.
func submit(t *testing.T, p *browser.Page, form string) {
	t.Helper()
	must(t, p.Click("#"+form+" button[type=submit]"))
}

// delivered waits until the message that was just sent is on the ledger.
func delivered(t *testing.T, p *browser.Page) {
	t.Helper()
	shows(t, p, `document.querySelector('main [data-message=sent]')`)
}

// shows waits until an expression is true, and tells what the screen says if not.
func shows(t *testing.T, p *browser.Page, expression string) {
	t.Helper()
	if err := p.Until(expression); err != nil {
		words, _ := p.Text("main")
		t.Fatalf("%v\n%s", err, words)
	}
}

// follow opens the link that reads so.
func follow(t *testing.T, p *browser.Page, words string) {
	t.Helper()
	link := `[...document.querySelectorAll('main a')].find((a) => a.textContent.includes(` + quoted(words) + `))`
	must(t, p.Until(link))
	_, err := browser.Evaluate[bool](p, `(`+link+`.click(), true)`)
	must(t, err)
	settled(t, p)
}

// scan types as a scanner does that is plugged in as a keyboard: into whatever has
// the focus, with Enter at the end.
func scan(t *testing.T, p *browser.Page, code string) {
	t.Helper()
	must(t, p.Do(chromedp.KeyEvent(code+"\r")))
}

// saves notes what the page makes files of: its policy lets nobody fetch them.
func saves(t *testing.T, p *browser.Page) {
	t.Helper()
	_, err := browser.Evaluate[bool](p, `(() => {
		const make = URL.createObjectURL
		window.saved = []
		URL.createObjectURL = (b) => { b.text().then((s) => window.saved.push(s)); return make(b) }
		return true
	})()`)
	must(t, err)
}

// complains takes a complaint of the page that must come: the browser notes each
// answer that is a refusal.
func complains(t *testing.T, p *browser.Page, words string) {
	t.Helper()
	select {
	case c := <-p.Complaints:
		if !strings.Contains(c, words) {
			t.Errorf("the page complains: %s, want %s", c, words)
		}
	case <-t.Context().Done():
		t.Errorf("the page does not complain of %s", words)
	}
}

// press presses one key that writes nothing.
func press(key string) chromedp.Action[chromedp.Void] {
	return chromedp.KeyEvent(map[string]string{"Escape": kb.Escape}[key])
}

func reload() chromedp.Action[chromedp.Void] { return chromedp.Reload() }

// glance takes pictures of a screen as a phone and a desk show it, and holds both
// against axe; the page is no wider than the narrowest phone.
func glance(t *testing.T, p *browser.Page, name string) {
	t.Helper()
	for _, w := range []struct {
		name, scheme  string
		width, height int64
	}{{"desk", "light", 1280, 900}, {"phone", "dark", 390, 844}} {
		must(t, p.Do(chromedp.EmulateViewport(w.width, w.height)))
		must(t, p.Media("prefers-color-scheme", w.scheme))
		shot(t, p, "desk-"+name+"-"+w.name)
		clean(t, p)
	}
	must(t, p.Do(chromedp.EmulateViewport(320, 640)))
	over, err := browser.Evaluate[int](p, `document.documentElement.scrollWidth - innerWidth`)
	must(t, err)
	if over > 0 {
		t.Errorf("%s: the page is %d pixels wider than a window of 320", name, over)
	}
	must(t, p.Do(chromedp.EmulateViewport(desktop.Width, desktop.Height)))
	must(t, p.Media("prefers-color-scheme", "light"))
}
