package browsertest

import (
	"strings"
	"testing"

	"theriac/internal/browser"
)

// A person registers by a one-time code, goes, and comes back with the passkey. The
// code is good once, and does not stay in the address bar.
func TestConsoleLogin(t *testing.T) {
	s := play(t)
	of := &s.Stage.Cast.Governor
	i := invited(t, of, "Grace", "clerk")
	p := device(t, desktop)
	console(t, p, of, "#invitation="+i.Code)
	if at, err := browser.Evaluate[string](p, `location.href`); err != nil || strings.Contains(at, i.Code) {
		t.Errorf("the address is %s, %v: the code must not stay there", at, err)
	}
	look(t, p, "registration")
	must(t, p.Click("#register"))
	inside(t, p)
	says(t, p, "Grace")
	settled(t, p)

	must(t, p.Click("#logout"))
	must(t, p.Until(`document.querySelector('#login')`))
	look(t, p, "login")
	must(t, p.Click("#login"))
	inside(t, p)

	// What was spent is refused, in words and with its code, on any device.
	q := device(t, desktop)
	console(t, q, of, "#invitation="+i.Code)
	must(t, q.Click("#register"))
	says(t, q, "invitation_refused")
	says(t, q, "unknown, used or expired")
	shot(t, q, "console-wrong-code")
	must(t, q.Type("#code", "AAAAAAAAAAAAAAAAAAAAAA"))
	must(t, q.Click("#register"))
	must(t, q.Until(`document.querySelector('#register').ariaBusy !== 'true' && document.querySelector('[role=alert] code')`))
	// Nor does a device without a passkey come in.
	must(t, q.Click("#other-way"))
	must(t, q.Click("#login"))
	must(t, q.Until(`document.querySelector('[role=alert] .notice')`))
	if in, err := browser.Evaluate[bool](q, `document.querySelector('#logout') !== null`); err != nil || in {
		t.Errorf("a device without a passkey is in: %v, %v", in, err)
	}
}

// A console opened at an address of the loopback goes to the name that passkeys
// are bound to, with all that the address carried.
func TestConsoleGoesToItsName(t *testing.T) {
	s := play(t)
	of := &s.Stage.Cast.Governor
	p := tab(t, start(t, desktop), of.Endpoint+"/console#/members")
	must(t, p.Until(`location.hostname === 'localhost' && location.hash === '#/members'`))
}

// A session that ended elsewhere asks for a login where one is, and leads back.
func TestConsoleSessionEnds(t *testing.T) {
	s := play(t)
	p := device(t, desktop)
	enter(t, p, &s.Stage.Cast.Governor, "clerk")
	screen(t, p, "messages")
	ended, err := browser.Evaluate[int](p, `fetch('/v1/session', {method: 'DELETE'}).then((r) => r.status)`)
	if err != nil || ended != 204 {
		t.Fatalf("logout = %d, %v", ended, err)
	}
	screen(t, p, "audit")
	must(t, p.Until(`document.querySelector('#login')`))
	says(t, p, "Your session has ended")
	must(t, p.Click("#login"))
	inside(t, p)
	must(t, p.Until(`location.hash === '#/audit' && document.querySelector('h1').textContent === 'Audit book'`))
}
