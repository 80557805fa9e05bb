package browsertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/url"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/client"
	"theriac/internal/journey"
	"theriac/internal/organisation"
	"theriac/pedigree"
)

// What somebody reports at the pharmacy waits at the manufacturer's, in the
// reporter's words; they are words and no markup.
func TestConsoleReports(t *testing.T) {
	s := play(t)
	code := s.fresh(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	var id canon.ID
	_, _ = rand.Read(id[:])
	status, err := client.Get[api.Status](t.Context(), s.Stage.Cast.Pharmacy.API, "/v1/status", nil)
	must(t, err)
	const words = `The blister is crooked & smells <b id="markup">odd</b>`
	r, err := pedigree.SignReport(key, pedigree.ReportClaims{
		Chain: status.Chain, Code: code, IssuedAt: time.Now().Unix(), ID: id, Kind: pedigree.SuspectedFake, Text: words,
	})
	must(t, err)
	_, err = client.Post[api.Report](t.Context(), s.Stage.Cast.Pharmacy.API, "/v1/reports", "", map[string]string{"report": string(r.Raw())})
	must(t, err)
	eventually(t, "the report at the manufacturer", func() bool {
		found, err := client.Get[api.Messages](t.Context(), s.Stage.Cast.Manufacturer.API, "/v1/messages", url.Values{"type": {"report/1"}, "status": {"received"}})
		must(t, err)
		return len(found.Items) == 1
	})
	p := device(t, desktop)
	enter(t, p, &s.Stage.Cast.Manufacturer, "clerk")
	must(t, p.Until(`document.querySelector('#waiting-reports a')`))
	look(t, p, "home-manufacturer")
	screen(t, p, "reports")
	says(t, p, "Suspected fake")
	look(t, p, "reports")
	must(t, p.Click("tbody a"))
	must(t, p.Until(`document.querySelector('main h2')`))
	says(t, p, words)
	says(t, p, code)
	must(t, p.Until(`!document.querySelector('#markup')`))
	settled(t, p)
	look(t, p, "report")
}

// A pack that is dispensed a second time is an alert at its maker's.
func TestConsoleAlerts(t *testing.T) {
	s := play(t)
	code := s.fresh(t)
	_, err := s.Dispense(t.Context(), &s.Stage.Cast.Pharmacy, code)
	must(t, err)
	if _, err := s.Dispense(t.Context(), &s.Stage.Cast.Hospital, code); err == nil {
		t.Fatal("a pack was dispensed twice")
	}
	p := device(t, desktop)
	enter(t, p, &s.Stage.Cast.Manufacturer, "reader")
	screen(t, p, "alerts")
	says(t, p, "A pack was dispensed a second time")
	says(t, p, s.Stage.Cast.Hospital.Name)
	says(t, p, string(s.Lot))
	look(t, p, "alerts")
	screen(t, p, "")
	must(t, p.Until(`document.querySelector('#waiting-alerts a')`))
}

// A receiver that is down: the sender's people see on two screens that a message
// does not get through, and why.
func TestConsoleFailingDelivery(t *testing.T) {
	s := play(t)
	of := &s.Stage.Cast.Supplier
	nowhere, err := organisation.FreePort()
	must(t, err)
	profile(t, of, of.Name, "http://"+nowhere)
	defer profile(t, of, of.Name, of.Endpoint)
	sender := &s.Stage.Cast.Manufacturer
	_, err = client.Post[api.Message](t.Context(), sender.API, "/v1/material-requests", "", map[string]any{
		"to": of.GLN, "case": "nobody-there", "content": map[string]string{"material": "starch", "product": "Theriacin 500 mg"},
	})
	must(t, err)
	eventually(t, "a delivery that failed", func() bool {
		q, err := client.Get[api.Queue](t.Context(), sender.API, "/v1/queue", nil)
		must(t, err)
		return len(q.Receivers) == 1 && q.Receivers[0].Code != ""
	})
	p := device(t, desktop)
	enter(t, p, sender, "reader")
	must(t, p.Until(`document.querySelector('#waiting-failing a')`))
	screen(t, p, "network")
	says(t, p, "One message waits to be delivered.")
	must(t, p.Until(`[...document.querySelectorAll('main td')].some((d) => d.innerText.trim() === 'Supplier')`))
	look(t, p, "network-failing")
	screen(t, p, "messages?status=queued")
	says(t, p, "nobody-there")
}

func profile(t *testing.T, of *journey.Actor, name, endpoint string) {
	t.Helper()
	_, err := client.Put[any](t.Context(), of.API, "/v1/profile", map[string]string{"name": name, "endpoint": endpoint})
	must(t, err)
}

// eventually waits for what other organisations do in their own time.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	end := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-time.After(50 * time.Millisecond)
	}
}
