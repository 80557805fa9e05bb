package browsertest

import (
	"testing"

	"theriac/api"
	"theriac/client"
	"theriac/internal/browser"
)

// ended waits until the counter shows how the last scan ended.
func ended(t *testing.T, p *browser.Page, kind string) {
	t.Helper()
	shows(t, p, `document.querySelector('#outcome')?.dataset.end === '`+kind+`'`)
}

func (d *desks) dispense(t *testing.T) {
	p := visit(t, &d.Stage.Cast.Pharmacy, "clerk")
	screen(t, p, "shipments")
	_, err := browser.Evaluate[bool](p, `([...document.querySelectorAll('#shipments tbody tr')].find((r) => r.textContent.includes(`+quoted(d.lot())+`)).querySelector('a').click(), true)`)
	must(t, err)
	// Who counts otherwise than was announced must say why.
	put(t, p, "count-0-received", "11")
	submit(t, p, "confirm")
	says(t, p, "differ from what was announced")
	put(t, p, "confirm-differences", "one pack was crushed")
	glance(t, p, "receipt")
	submit(t, p, "confirm")
	delivered(t, p)

	screen(t, p, "dispense")
	glance(t, p, "dispense")
	scan(t, p, d.code)
	ended(t, p, "done")
	glance(t, p, "dispensed")
	// A scanner that reads twice: nothing happens, and no alert is raised.
	scan(t, p, d.code)
	ended(t, p, "here")
	// Taken back, and dispensed again.
	must(t, p.Click(`#session [id^=undo-]`))
	shows(t, p, `document.querySelector('dialog')`)
	clean(t, p)
	must(t, p.Click(`dialog button[type=submit]`))
	shows(t, p, `document.querySelector('#session').textContent.includes('Taken back')`)
	must(t, p.Click("#scan-pack"))
	scan(t, p, d.code)
	ended(t, p, "done")
	// The list outlives a reload.
	must(t, p.Do(reload()))
	shows(t, p, `document.querySelectorAll('#session tbody tr').length === 3`)
	for code, why := range map[string]string{"nonsense": "unreadable", "(01)" + string(d.Product): "no_serial", "(01)" + string(d.Product) + "(21)NOSUCHPACK": "unknown_serial"} {
		scan(t, p, code)
		shows(t, p, `document.querySelector('#outcome')?.dataset.code === '`+why+`'`)
	}
}

func (d *desks) copied(t *testing.T) {
	p := visit(t, &d.Stage.Cast.Hospital, "clerk")
	screen(t, p, "dispense")
	scan(t, p, d.code)
	ended(t, p, "alert")
	shows(t, p, `document.querySelector('[role=alert] #alarm')?.textContent.includes('already_dispensed')`)
	complains(t, p, "409")
	glance(t, p, "alarm")
	alerts, err := client.Get[api.Alerts](t.Context(), d.Stage.Cast.Hospital.API, "/v1/alerts", nil)
	must(t, err)
	if len(alerts.Items) == 0 || string(alerts.Items[0].Lot) != d.lot() {
		t.Errorf("the ledger's alerts = %+v, want one of lot %s", alerts.Items, d.lot())
	}
	must(t, p.Do(press("Escape")))
	shows(t, p, `!document.querySelector('#alarm')`)
}

// Twenty packs by the keyboard alone, faster than they can be verified: each is
// dispensed once, in the order in which they came.
func TestCounterKeepsUpWithAScanner(t *testing.T) {
	s := play(t)
	p := visit(t, &s.Stage.Cast.Pharmacy, "clerk")
	screen(t, p, "dispense")
	const n = 20
	for range n {
		code := s.fresh(t)
		scan(t, p, code)
	}
	shows(t, p, `document.querySelectorAll('#session .end.good').length === 20`)
	screen(t, p, "stock")
	says(t, p, "dispensed")
	screen(t, p, "moves")
	choose(t, p, "move-what", "came back from a patient")
	choose(t, p, "move-how", "Scan them")
	code := s.fresh(t)
	must(t, p.Click("#move-scan"))
	scan(t, p, code)
	shows(t, p, `document.querySelectorAll('#move .papers li').length === 1`)
	glance(t, p, "moves")
	submit(t, p, "move")
	shows(t, p, `document.querySelector('main [data-done]')`)
	must(t, p.Click(`#moved [id^=undo-]`))
	must(t, p.Click(`dialog button[type=submit]`))
	shows(t, p, `document.querySelector('#moved').textContent.includes('Taken back')`)
}
