package browsertest

import (
	"testing"

	"theriac/api"
	"theriac/client"
	"theriac/internal/browser"
	"theriac/internal/journey"
)

// person returns a person of an organisation by name, or nil.
func person(t *testing.T, of *journey.Actor, name string) *api.Person {
	t.Helper()
	found, err := client.Get[api.People](t.Context(), of.API, "/v1/people", nil)
	must(t, err)
	for i := range found.Items {
		if found.Items[i].Name == name {
			return &found.Items[i]
		}
	}
	return nil
}

// An administrator invites a person, who registers on another device with the link
// that was shown once; gives him another role, a new invitation because the device
// is lost, which ends his session, and dismisses him.
func TestConsolePeople(t *testing.T) {
	s := play(t)
	of := &s.Stage.Cast.Distributor
	p := device(t, desktop)
	enter(t, p, of, "administrator")
	screen(t, p, "people")
	must(t, p.Click("#invite"))
	must(t, p.Type("#name", "Linus"))
	look(t, p, "invite")
	must(t, p.Click("#invite-dialog [type=submit]"))
	must(t, p.Until(`document.querySelector('#invitation-code')`))
	link, err := p.Text("#invitation-link")
	must(t, err)
	look(t, p, "invitation")
	must(t, p.Click("#invitation-done"))
	must(t, p.Until(`document.body.innerText.includes('Linus') && !document.body.innerText.includes('#invitation=')`))

	q := device(t, browser.Config{})
	must(t, q.Go(link))
	must(t, q.Click("#register"))
	inside(t, q)
	settled(t, q)
	linus := person(t, of, "Linus")
	if linus == nil || linus.Role != "clerk" || linus.Passkeys != 1 {
		t.Fatalf("Linus is %+v", linus)
	}
	id := linus.ID.String()

	screen(t, p, "people")
	appoint(t, p, id, "reader")
	if got := person(t, of, "Linus"); got.Role != "reader" {
		t.Errorf("Linus is a %s", got.Role)
	}
	// At his next step his screens are a reader's.
	screen(t, q, "audit")
	must(t, q.Until(`document.querySelector('.who .quiet').textContent === 'Reader'`))
	must(t, p.Click("#reinvite-"+id))
	_, err = browser.Evaluate[bool](p, `(() => { const d = document.querySelector('#device'); d.value = 'lost'; d.dispatchEvent(new Event('change', {bubbles: true})); return true })()`)
	must(t, err)
	must(t, p.Click("#reinvite-dialog [type=submit]"))
	must(t, p.Until(`document.querySelector('#invitation-code')`))
	must(t, p.Click("#invitation-done"))
	// The device that was lost is out.
	screen(t, q, "messages")
	must(t, q.Until(`document.querySelector('#login')`))

	must(t, p.Click("#dismiss-"+id))
	must(t, p.Click("#dismiss-dialog [type=submit]"))
	must(t, p.Until(`!document.querySelector('#dismiss-dialog') && !document.querySelector('#dismiss-`+id+`')`))
	if got := person(t, of, "Linus"); got != nil {
		t.Errorf("Linus is still %+v", got)
	}
}

func appoint(t *testing.T, p *browser.Page, id, role string) {
	t.Helper()
	must(t, p.Click("#appoint-"+id))
	_, err := browser.Evaluate[bool](p, `(() => { const d = document.querySelector('#role'); d.value = '`+role+`'; d.dispatchEvent(new Event('change', {bubbles: true})); return true })()`)
	must(t, err)
	must(t, p.Click("#appoint-dialog [type=submit]"))
	must(t, p.Until(`!document.querySelector('#appoint-dialog')`))
}

// The last administrator cannot give the role away: the refusal stands in the
// dialogue, in words and with its code, and nothing changed.
func TestConsoleLastAdministrator(t *testing.T) {
	s := play(t)
	of := &s.Stage.Cast.Hospital
	p := device(t, desktop)
	i := enter(t, p, of, "administrator")
	screen(t, p, "people")
	must(t, p.Click("#appoint-"+i.ID.String()))
	_, err := browser.Evaluate[bool](p, `(() => { const d = document.querySelector('#role'); d.value = 'reader'; d.dispatchEvent(new Event('change', {bubbles: true})); return true })()`)
	must(t, err)
	must(t, p.Click("#appoint-dialog [type=submit]"))
	must(t, p.Until(`document.querySelector('#appoint-dialog [role=alert] code')?.textContent === 'last_administrator'`))
	resources(p)
	look(t, p, "refused")
	if got := person(t, of, i.Name); got == nil || got.Role != "administrator" {
		t.Errorf("the administrator is %+v", got)
	}
}
