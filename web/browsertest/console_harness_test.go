package browsertest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"theriac/api"
	"theriac/client"
	"theriac/internal/browser"
	"theriac/internal/journey"
)

// desktop is the window of who works at a desk.
var desktop = browser.Config{Width: 1280, Height: 900}

// invited returns the code of an invitation of a person with a role.
func invited(t *testing.T, of *journey.Actor, name, role string) *api.Invitation {
	t.Helper()
	i, err := client.Post[api.Invitation](t.Context(), of.API, "/v1/people", "", map[string]string{"name": name, "role": role})
	must(t, err)
	return i
}

// device opens a tab that has an authenticator.
func device(t *testing.T, c browser.Config) *browser.Page {
	t.Helper()
	p := tab(t, start(t, c), "about:blank")
	must(t, p.Authenticator())
	return p
}

// console opens an actor's console in a tab, and waits for its login.
func console(t *testing.T, p *browser.Page, of *journey.Actor, fragment string) {
	t.Helper()
	must(t, p.Go(local(of.Endpoint)+"/console"+fragment))
	must(t, p.Until(`document.querySelector('h1')`))
}

// enter registers a new person of a role and is in the console then.
func enter(t *testing.T, p *browser.Page, of *journey.Actor, role string) *api.Invitation {
	t.Helper()
	i := invited(t, of, "Ada "+role, role)
	console(t, p, of, "#invitation="+i.Code)
	must(t, p.Click("#register"))
	inside(t, p)
	return i
}

// inside waits until a person is logged in.
func inside(t *testing.T, p *browser.Page) {
	t.Helper()
	must(t, p.Until(`document.querySelector('#logout') && document.querySelector('main h1')`))
}

// screen leads to a screen of the console, and waits until it shows all it asked for.
func screen(t *testing.T, p *browser.Page, path string) {
	t.Helper()
	_, err := browser.Evaluate[bool](p, `(() => { location.hash = '#/`+path+`'; return true })()`)
	must(t, err)
	settled(t, p)
}

func settled(t *testing.T, p *browser.Page) {
	t.Helper()
	must(t, p.Until(`document.querySelector('main h1') && !document.querySelector('main .loading')`))
	bad, err := browser.Evaluate[string](p, `document.querySelector('main .notice.bad code')?.textContent ?? ''`)
	must(t, err)
	if bad != "" {
		t.Errorf("a screen is refused: %s", bad)
	}
}

// says waits until a page shows words.
func says(t *testing.T, p *browser.Page, words string) {
	t.Helper()
	must(t, p.Until(`document.body.innerText.includes(`+quoted(words)+`)`))
}

// quoted returns words as JavaScript, whose strings JSON's are.
func quoted(words string) string {
	return `decodeURIComponent("` + strings.ReplaceAll(url.QueryEscape(words), "+", "%20") + `")`
}

// look takes pictures of what is shown, at a desk and on a phone, light and dark,
// and holds each against axe. The page is never wider than its window.
func look(t *testing.T, p *browser.Page, name string) {
	t.Helper()
	for _, w := range []struct {
		name          string
		width, height int64
	}{{"desk", 1280, 900}, {"phone", 390, 844}, {"narrow", 320, 640}} {
		must(t, p.Do(chromedp.EmulateViewport(w.width, w.height)))
		for _, scheme := range []string{"light", "dark"} {
			if w.name == "narrow" {
				break // its colours were seen on the phone
			}
			must(t, p.Media("prefers-color-scheme", scheme))
			shot(t, p, "console-"+name+"-"+w.name+"-"+scheme)
			clean(t, p)
		}
		over, err := browser.Evaluate[int](p, `document.documentElement.scrollWidth - innerWidth`)
		must(t, err)
		if over > 0 {
			t.Errorf("%s: the page is %d pixels wider than a window of %d", name, over, w.width)
		}
	}
	must(t, p.Media("prefers-color-scheme", "light"))
	must(t, p.Do(chromedp.EmulateViewport(desktop.Width, desktop.Height)))
	// What is clicked next must lie where it was measured.
	_, err := browser.Evaluate[bool](p, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
	must(t, err)
}

// resources forgets what the browser complains of after a refusal that was meant:
// it prints each answer that is an error.
func resources(p *browser.Page) {
	for {
		select {
		case <-p.Complaints:
		default:
			return
		}
	}
}
