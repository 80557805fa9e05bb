package browsertest

import (
	"strings"
	"testing"
	"time"

	"theriac/internal/browser"
)

// A medicine goes through the desks of all trades, each in a browser of its own:
// asked for, supplied, applied for, approved, released, labelled, handed over,
// sent on, received and dispensed. The second dispense is an alert.
func TestDesksCarryAMedicine(t *testing.T) {
	s := play(t)
	d := &desks{scene: s, stamp: time.Now().UTC().Format("0102150405")}
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"manufacturer asks for material", d.ask},
		{"supplier supplies", d.supply},
		{"manufacturer hands in a dossier", d.handIn},
		{"administration asks back", d.question},
		{"manufacturer answers", d.further},
		{"administration approves", d.approve},
		{"manufacturer releases and distributes", d.release},
		{"distributor confirms and dispatches", d.dispatch},
		{"pharmacy receives and dispenses", d.dispense},
		{"hospital is shown a copy", d.copied},
		{"manufacturer recalls", d.recall},
	} {
		if !t.Run(step.name, step.do) {
			return
		}
	}
}

type desks struct {
	*scene
	stamp string // of names that must be new
	code  string // on a pack that was dispensed
}

func (d *desks) material() string { return "salicylate " + d.stamp }
func (d *desks) product() string  { return "Desk " + d.stamp + " 100 mg" }
func (d *desks) lot() string      { return "D" + d.stamp }

func (d *desks) ask(t *testing.T) {
	p := visit(t, &d.Stage.Cast.Manufacturer, "clerk")
	screen(t, p, "materials")
	// A form that is not filled in says so beside its fields, and sends nothing.
	submit(t, p, "ask")
	shows(t, p, `document.querySelectorAll('#ask [aria-invalid=true]').length === 3`)
	choose(t, p, "ask-to", "Supplier")
	put(t, p, "ask-material", d.material())
	put(t, p, "ask-product", d.product())
	put(t, p, "ask-quantity", "5 kg")
	glance(t, p, "materials")
	submit(t, p, "ask")
	delivered(t, p)
	says(t, p, "waits for the supplier")
}

func (d *desks) supply(t *testing.T) {
	p := visit(t, &d.Stage.Cast.Supplier, "clerk")
	screen(t, p, "requests")
	glance(t, p, "requests")
	follow(t, p, d.material())
	put(t, p, "lot-0-gtin", string(d.Material.GTIN))
	put(t, p, "lot-0-lot", d.lot())
	put(t, p, "lot-0-produced", "2026-11-01")
	attach(t, p, "#lot-0-analysis", "analysis.txt", "assay 99.9 %")
	// The digest of the file, made in the browser.
	says(t, p, "Fingerprint: ")
	glance(t, p, "supply")
	submit(t, p, "supply")
	delivered(t, p)
	screen(t, p, "requests")
	says(t, p, "supplied")
}

func (d *desks) handIn(t *testing.T) {
	p := visit(t, &d.Stage.Cast.Manufacturer, "responsible")
	screen(t, p, "approvals")
	choose(t, p, "hand-in-to", "Drug administration")
	put(t, p, "hand-in-product", d.product())
	put(t, p, "hand-in-gtins", string(d.Product))
	tick(t, p, "hand-in-lots", d.lot())
	attach(t, p, "#hand-in-files", "trial.txt", "Trial of "+d.product())
	says(t, p, "trial.txt")
	glance(t, p, "approvals")
	submit(t, p, "hand-in")
	delivered(t, p)
	says(t, p, "is being judged")
}

func (d *desks) question(t *testing.T) {
	p := visit(t, &d.Stage.Cast.Administration, "responsible")
	screen(t, p, "dossiers")
	glance(t, p, "dossiers")
	saves(t, p)
	follow(t, p, d.product())
	says(t, p, "trial.txt")
	says(t, p, "2026-11-01") // what the supplier signed, off the ledger
	shows(t, p, `document.querySelector('#documents a[download="trial.txt"]')`)
	shows(t, p, `window.saved.includes(`+quoted("Trial of "+d.product())+`)`)
	must(t, p.Click(`[data-decide=question]`))
	put(t, p, "answer-reasons", "What about children?")
	submit(t, p, "answer")
	delivered(t, p)
}

func (d *desks) further(t *testing.T) {
	p := visit(t, &d.Stage.Cast.Manufacturer, "responsible")
	screen(t, p, "approvals")
	says(t, p, "What about children?")
	follow(t, p, "Answer")
	shows(t, p, `document.querySelector('#hand-in-title').textContent.includes('further')`)
	attach(t, p, "#hand-in-files", "children.txt", "Not for children.")
	says(t, p, "children.txt")
	submit(t, p, "hand-in")
	delivered(t, p)
}

func (d *desks) approve(t *testing.T) {
	p := visit(t, &d.Stage.Cast.Administration, "responsible")
	screen(t, p, "dossiers")
	follow(t, p, d.product())
	says(t, p, "children.txt")
	name, err := browser.Evaluate[string](p, `document.getElementById('approve-name').value`)
	if want := "Desk " + d.stamp; err != nil || name != want {
		t.Errorf("the name that is offered = %q, %v, want %q", name, err, want)
	}
	put(t, p, "approve-number", "DESK/"+d.stamp)
	put(t, p, "approve-form", "tablet")
	put(t, p, "approve-substance", "salicylate")
	put(t, p, "approve-national_code", "12345678")
	put(t, p, "approve-markets", "DE, AT")
	glance(t, p, "approve")
	submit(t, p, "approve")
	delivered(t, p)
	screen(t, p, "certificates")
	says(t, p, "DESK/"+d.stamp)
	glance(t, p, "certificates")
	screen(t, p, "signals")
	glance(t, p, "signals")
}

func (d *desks) release(t *testing.T) {
	p := visit(t, &d.Stage.Cast.Manufacturer, "responsible")
	screen(t, p, "batches")
	choose(t, p, "release-certificate", "DESK/"+d.stamp)
	put(t, p, "release-lot", d.lot())
	put(t, p, "release-size", "40")
	tick(t, p, "release-inputs", d.lot())
	must(t, p.Click(`#release input[value="codes"]`))
	glance(t, p, "release")
	submit(t, p, "release")
	says(t, p, "Lot "+d.lot()+" is released")
	shows(t, p, `[...document.querySelectorAll('#batches a')].some((a) => a.textContent === `+quoted(d.lot())+`)`)
	glance(t, p, "released")
	follow(t, p, "Packs and labels")
	shows(t, p, `document.querySelectorAll('#packs tbody tr').length === 25`)
	var err error
	d.code, err = browser.Evaluate[string](p, `document.querySelector('#packs tbody code').textContent`)
	must(t, err)
	// Labels are saved: what is saved is a PDF.
	saves(t, p)
	submit(t, p, "labels")
	shows(t, p, `window.saved.some((s) => s.startsWith('%PDF-'))`)
	choose(t, p, "labels-second", "codes")
	submit(t, p, "labels")
	shows(t, p, `window.saved.filter((s) => s.startsWith('%PDF-')).length === 2`)
	glance(t, p, "packs")

	screen(t, p, "distribution")
	choose(t, p, "distribute-to", "Distributor")
	choose(t, p, "distribute-certificate", "DESK/"+d.stamp)
	choose(t, p, "parcel-0-batch", d.lot())
	put(t, p, "parcel-0-count", "41")
	says(t, p, "So many are not in stock")
	put(t, p, "parcel-0-count", "30")
	put(t, p, "distribute-cost", "900 EUR")
	says(t, p, "30 packs pass into the custody of Distributor")
	glance(t, p, "distribution")
	submit(t, p, "distribute")
	delivered(t, p)
	screen(t, p, "stock")
	says(t, p, "31–40")
	glance(t, p, "stock")
}

func (d *desks) dispatch(t *testing.T) {
	p := visit(t, &d.Stage.Cast.Distributor, "clerk")
	screen(t, p, "shipments")
	glance(t, p, "shipments")
	_, err := browser.Evaluate[bool](p, `([...document.querySelectorAll('#shipments tbody tr')].find((r) => r.textContent.includes(`+quoted(d.lot())+`)).querySelector('a').click(), true)`)
	must(t, err)
	put(t, p, "count-0-sold", "10")
	says(t, p, "Left: 20")
	put(t, p, "count-0-sold", "0")
	glance(t, p, "confirm")
	submit(t, p, "confirm")
	delivered(t, p)
	screen(t, p, "dispatch")
	choose(t, p, "dispatch-to", "Station pharmacy")
	choose(t, p, "parcel-0-batch", d.lot())
	put(t, p, "parcel-0-count", "12")
	put(t, p, "dispatch-note", "pallet 9")
	glance(t, p, "dispatch")
	submit(t, p, "dispatch")
	delivered(t, p)
	screen(t, p, "check")
	scan(t, p, d.code)
	shows(t, p, `document.querySelector('[data-verdict=genuine]')`)
	glance(t, p, "check")
}

func (d *desks) recall(t *testing.T) {
	p := visit(t, &d.Stage.Cast.Manufacturer, "responsible")
	screen(t, p, "distribution")
	says(t, p, "30 received")
	screen(t, p, "recalls")
	choose(t, p, "recall-thing", d.lot())
	choose(t, p, "recall-status", "recalled")
	put(t, p, "recall-reason", "glass found")
	glance(t, p, "recall")
	submit(t, p, "recall")
	shows(t, p, `document.querySelector('#recall-sure')`)
	clean(t, p)
	must(t, p.Click("#recall-sure .button.danger"))
	shows(t, p, `document.querySelector('main [data-done]')`)
	shows(t, p, `[...document.querySelectorAll('#recall-batches tbody tr')].some((r) => r.textContent.includes(`+quoted(d.lot())+`) && r.textContent.includes('recalled'))`)
	if words, err := p.Text("main"); err != nil || !strings.Contains(words, "on the ledger") {
		t.Errorf("the recall says %q, %v", words, err)
	}
}
