package browsertest

import (
	"fmt"
	"strings"
	"testing"

	"theriac/internal/browser"
	"theriac/internal/journey"
)

// Every screen that the organisations share, at a desk and on a phone, light and
// dark: it shows what it asked for, axe finds nothing, nothing is wider than 320
// pixels, and the browser's title says where one is.
func TestConsoleScreens(t *testing.T) {
	s := play(t)
	p := device(t, desktop)
	enter(t, p, &s.Stage.Cast.Governor, "administrator")
	for _, x := range []struct{ path, title string }{
		{"", "Home"},
		{"messages", "Messages"},
		{"alerts", "Alerts"},
		{"decisions", "Decisions"},
		{"members", "Members"},
		{"members/" + s.Stage.Cast.Manufacturer.GLN, "Members"},
		{"organisation", "Our organisation"},
		{"network", "Network"},
		{"audit", "Audit book"},
		{"people", "People"},
		{"nowhere", "Not found"},
	} {
		t.Run(x.title, func(t *testing.T) {
			screen(t, p, x.path)
			here, err := browser.Evaluate[string](p, `document.title + ' | ' + document.activeElement.tagName + ' | ' + document.querySelector('main h1').textContent`)
			if want := x.title + " · " + s.Stage.Cast.Governor.Name + " · Theriac | H1 | " + x.title; err != nil || here != want {
				t.Errorf("at %q: %q, %v, want %q", x.path, here, err, want)
			}
			look(t, p, strings.ReplaceAll("screen-"+x.path, "/", "-"))
		})
	}
}

// A manufacturer's mail: the list, its filters, and a message in words, with names
// of members, links to what it follows, and its receipt.
func TestConsoleMessages(t *testing.T) {
	s := play(t)
	p := device(t, desktop)
	enter(t, p, &s.Stage.Cast.Manufacturer, "clerk")
	screen(t, p, "messages?type=msdm%2F1")
	rows, err := browser.Evaluate[[]string](p, `[...document.querySelectorAll('tbody tr')].map((r) => r.innerText)`)
	if err != nil || len(rows) != 1 || !strings.Contains(rows[0], "2 Material supply") || !strings.Contains(rows[0], s.Stage.Cast.Supplier.Name) {
		t.Fatalf("material supplies: %q, %v", rows, err)
	}
	look(t, p, "messages-filtered")
	must(t, p.Click("tbody a"))
	settled(t, p)
	says(t, p, string(s.Material.Lot))
	says(t, p, s.Stage.Cast.Supplier.Name)
	says(t, p, s.Supply.String())
	must(t, p.Click("summary"))
	settled(t, p)
	look(t, p, "message")
	// Back along prev: the request that it answers; and on to what followed.
	must(t, p.Until(`[...document.querySelectorAll('main a')].some((a) => a.textContent === '1 Material request')`))
	must(t, p.Until(`[...document.querySelectorAll('main a')].some((a) => a.textContent === '3 Dossier')`))
	_, err = browser.Evaluate[bool](p, `([...document.querySelectorAll('main a')].find((a) => a.textContent === '1 Material request').click(), true)`)
	must(t, err)
	must(t, p.Until(`document.querySelector('main h2')?.textContent === '1 Material request'`))
	_, err = browser.Evaluate[bool](p, `(history.back(), true)`)
	must(t, err)
	must(t, p.Until(`document.querySelector('main h2')?.textContent === '2 Material supply'`))

	// A certificate is read out of its signature.
	screen(t, p, "messages/"+s.Decision.String())
	says(t, p, s.Certificate)
	says(t, p, "Theriacin")
	look(t, p, "message-certificate")
	screen(t, p, "messages/"+s.Distribution.String())
	says(t, p, fmt.Sprintf("1–%d (%d)", packs, packs))
	look(t, p, "message-parcels")
}

// What does not exist is said to be so, in words and with the code.
func TestConsoleMissingMessage(t *testing.T) {
	s := play(t)
	p := device(t, desktop)
	enter(t, p, &s.Stage.Cast.Supplier, "reader")
	for _, id := range []string{"AAAAAAAAAAAAAAAAAAAAAA", "..%2F..", "%3Cscript%3E"} {
		must(t, p.Go(local(s.Stage.Cast.Supplier.Endpoint)+"/console#/messages/"+id))
		must(t, p.Until(`document.querySelector('main [role=alert] code')`))
	}
}

// A reader sees and changes nothing: no screen offers a change, and the server
// refuses what a page would send.
func TestConsoleReaderChangesNothing(t *testing.T) {
	s := play(t)
	p := device(t, desktop)
	enter(t, p, &s.Stage.Cast.Governor, "reader")
	for _, path := range []string{"", "messages", "decisions", "members/" + s.Stage.Cast.Pharmacy.GLN, "organisation", "network", "audit"} {
		screen(t, p, path)
		offered, err := browser.Evaluate[[]string](p, `[...document.querySelectorAll('main button')].map((b) => b.textContent).filter((x) => !['Show more', 'Copy'].includes(x))`)
		if err != nil || len(offered) != 0 {
			t.Errorf("%q offers a reader %q, %v", path, offered, err)
		}
	}
	screen(t, p, "people")
	says(t, p, "no such screen")
	got, err := browser.Evaluate[string](p, `fetch('/v1/people', {method: 'POST', headers: {'Content-Type': 'application/json'},
		body: JSON.stringify({name: 'Mallory', role: 'administrator'})}).then((r) => r.json()).then((j) => j.code)`)
	if err != nil || got != "forbidden" {
		t.Errorf("a reader invites: %s, %v", got, err)
	}
}

// Keyboard alone: the first stop is the link to the content, and a dialogue gives
// focus back to the button that opened it.
func TestConsoleKeyboard(t *testing.T) {
	s := play(t)
	p := device(t, desktop)
	enter(t, p, &s.Stage.Cast.Governor, "administrator")
	screen(t, p, "people")
	_, err := browser.Evaluate[bool](p, `(document.querySelector('.skip').focus(), document.activeElement.click(), true)`)
	must(t, err)
	must(t, p.Until(`document.activeElement.tagName === 'H1'`))
	_, err = browser.Evaluate[bool](p, `(document.querySelector('#invite').focus(), document.activeElement.click(), true)`)
	must(t, err)
	must(t, p.Until(`document.querySelector('#invite-dialog')?.contains(document.activeElement)`))
	_, err = browser.Evaluate[bool](p, `(document.querySelector('#invite-dialog').dispatchEvent(new Event('cancel', {cancelable: true})), true)`)
	must(t, err)
	must(t, p.Until(`!document.querySelector('#invite-dialog') && document.activeElement.id === 'invite'`))
}

// On a phone the screens are behind the menu, and the language goes through all of
// the frame.
func TestConsoleOnAPhone(t *testing.T) {
	s := play(t)
	p := device(t, browser.Config{Language: "de-DE"})
	enter(t, p, &s.Stage.Cast.Governor, "administrator")
	settled(t, p)
	says(t, p, "Übersicht")
	shot(t, p, "console-phone-german")
	must(t, p.Click("#menu"))
	must(t, p.Until(`document.querySelector('#drawer a[href="#/network"]')`))
	shot(t, p, "console-phone-menu")
	clean(t, p)
	must(t, p.Click(`#drawer a[href="#/network"]`))
	must(t, p.Until(`!document.querySelector('#drawer') && document.querySelector('h1').textContent === 'Netzwerk'`))
	settled(t, p)
	if lang, err := browser.Evaluate[string](p, `document.documentElement.lang`); err != nil || lang != "de" {
		t.Errorf("lang = %q, %v", lang, err)
	}
}

// Whatever the menu offers to whom, opens: nothing is refused to a screen that is
// shown, there is one heading of the first rank, and axe finds nothing.
func TestConsoleEveryScreenOpens(t *testing.T) {
	s := play(t)
	c := &s.Stage.Cast
	for _, of := range []*journey.Actor{&c.Administration, &c.Supplier, &c.Manufacturer, &c.Distributor, &c.Pharmacy} {
		t.Run(of.Name, func(t *testing.T) {
			p := device(t, desktop)
			enter(t, p, of, "responsible")
			found, err := browser.Evaluate[[]string](p, `[...document.querySelectorAll('.side a')].map((a) => a.getAttribute('href').slice(2))`)
			if err != nil || len(found) < 8 {
				t.Fatalf("the menu has %q, %v", found, err)
			}
			for _, path := range found {
				t.Run(path, func(t *testing.T) {
					screen(t, p, path)
					if n, err := browser.Evaluate[int](p, `document.querySelectorAll('h1').length`); err != nil || n != 1 {
						t.Errorf("%d headings of the first rank, %v", n, err)
					}
					shot(t, p, "console-"+strings.ReplaceAll(of.Name, " ", "-")+"-"+path)
					clean(t, p)
				})
			}
		})
	}
}
