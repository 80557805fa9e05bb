package browsertest

import (
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/client"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/browser"
	"theriac/internal/journey"
)

// Paper 001 at the desks: what the manufacturer registered goes along with a shipment,
// and the distributor measures it by a device on a socket, once. A counterfeit, a copy, a
// wrong place and a cancelled measurement each say what they are, and the maker hears.
func TestDesksMeasure(t *testing.T) {
	s := play(t)
	m := &measuring{scene: s}
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"manufacturer registers", m.register},
		{"manufacturer ships with it", m.ship},
		{"distributor measures", m.measure},
		{"manufacturer is told", m.told},
	} {
		if !t.Run(step.name, step.do) {
			return
		}
	}
}

type measuring struct {
	*scene
	lot   gs1.Lot
	batch canon.Digest
	codes []string
}

const registered = 4

func (m *measuring) register(t *testing.T) {
	maker := &m.Stage.Cast.Manufacturer
	m.lot = gs1.Lot("G" + time.Now().UTC().Format("0102150405"))
	j, err := client.Post[api.Job](t.Context(), maker.API, "/v1/batches", "", api.Release{
		Certificate: m.Certificate, Expiry: time.Now().AddDate(3, 0, 0).Format(time.DateOnly), GTIN: m.Product,
		Inputs: []gs1.LGTIN{m.Material}, Lot: m.lot, Materials: []canon.Digest{m.Supply}, Site: gs1.GLN(maker.GLN), Size: 10,
	})
	must(t, err)
	j, err = maker.API.Watch(t.Context(), j.ID.String(), func(api.Job) {})
	must(t, err)
	m.batch, err = canon.ParseDigest(j.Result)
	must(t, err)
	story := &journey.Story{Cast: m.Stage.Cast, Batch: m.batch}
	for i := range uint64(registered) {
		code, err := story.Scan(t.Context(), i)
		must(t, err)
		m.codes = append(m.codes, code)
	}
	status, err := client.Get[api.Status](t.Context(), maker.API, "/v1/status", nil)
	must(t, err)
	to := &m.Stage.Cast.Distributor
	m.meter.admit(t, maker, to, m.Product, status.Chain)
	m.meter.register(t, maker, to, status.Chain, m.batch, m.codes)
}

func (m *measuring) ship(t *testing.T) {
	p := visit(t, &m.Stage.Cast.Manufacturer, "clerk")
	screen(t, p, "distribution")
	choose(t, p, "distribute-to", "Distributor")
	choose(t, p, "distribute-certificate", m.Certificate)
	choose(t, p, "parcel-0-batch", string(m.lot))
	// Too few for the registration: others go instead, and it is not torn.
	put(t, p, "parcel-0-count", "3")
	says(t, p, "Packs no. 5–7")
	put(t, p, "parcel-0-count", "6")
	says(t, p, "Packs no. 1–6")
	shows(t, p, `document.querySelector('#distribute-carried input:checked')`)
	glance(t, p, "carried")
	submit(t, p, "distribute")
	delivered(t, p)
}

// lies measures the code that was scanned last, and waits how that ends.
func (m *measuring) lies(t *testing.T, p *browser.Page, mass genuine.Quantity, end, code string) {
	t.Helper()
	m.meter.lay(mass)
	must(t, p.Click("#measure-start"))
	shows(t, p, `document.querySelector('#measured')?.dataset.end === '`+end+`' && document.querySelector('#measured').dataset.code === '`+code+`'`)
}

func (m *measuring) measure(t *testing.T) {
	distributor := &m.Stage.Cast.Distributor
	p := visit(t, distributor, "clerk")
	screen(t, p, "measure")
	says(t, p, "0 of 4")
	glance(t, p, "measure")
	_, err := browser.Evaluate[bool](p, `([...document.querySelectorAll('#incoming tbody tr')].find((r) => r.textContent.includes(`+quoted(string(m.lot))+`)).querySelector('a').click(), true)`)
	must(t, err)
	shows(t, p, `document.activeElement?.id === 'measure-scan'`)
	scan(t, p, "nonsense")
	says(t, p, "This code cannot be read")
	scan(t, p, m.codes[0])
	// The one device and our own place are offered.
	shows(t, p, `document.querySelector('#measure-place')?.value === `+quoted(distributor.GLN))
	glance(t, p, "measure-bench")
	submit(t, p, "measure-bench")
	shows(t, p, `document.activeElement?.id === 'measure-ready-title'`)
	glance(t, p, "measure-ready")
	m.lies(t, p, legitimate, "genuine", "")
	says(t, p, "1 of 4")
	glance(t, p, "measure-genuine")

	// Once: the same code again is an alert, whatever lies there.
	scan(t, p, m.codes[0])
	m.lies(t, p, legitimate, "refused", "already_verified")
	complains(t, p, "409")
	alerts, err := client.Get[api.Alerts](t.Context(), distributor.API, "/v1/alerts", nil)
	must(t, err)
	if a := alerts.Items[0]; a.Code != "already_verified" || a.Lot != m.lot {
		t.Errorf("the newest alert = %+v, want one of lot %s", a, m.lot)
	}
	shows(t, p, `document.querySelector('[role=alert] #measured').textContent.includes(`+quoted(alerts.Items[0].ID.String())+`)`)
	glance(t, p, "measure-copy")
	must(t, p.Click("#measure-next"))

	// A counterfeit may be reported.
	shows(t, p, `document.activeElement?.id === 'measure-scan'`)
	scan(t, p, m.codes[1])
	m.lies(t, p, counterfeit, "refused", "not_legitimate")
	complains(t, p, "422")
	says(t, p, "Do not accept it")
	glance(t, p, "measure-counterfeit")
	must(t, p.Click("#measure-report"))
	shows(t, p, `document.querySelector('#report-dialog input[value=suspected_fake]')?.checked`)
	clean(t, p)
	must(t, p.Do(press("Escape")))
	shows(t, p, `!document.querySelector('#report-dialog')`)
	m.elsewhere(t, p)
	m.cancelled(t, p)
}

// elsewhere measures under another place than what is registered, and then at home.
func (m *measuring) elsewhere(t *testing.T, p *browser.Page) {
	at := func(gln string) {
		_, err := browser.Evaluate[bool](p, `([...document.querySelectorAll('#measure-ready button')].find((b) => b.textContent.includes('Other device')).click(), true)`)
		must(t, err)
		put(t, p, "measure-place", gln)
		submit(t, p, "measure-bench")
		shows(t, p, `document.querySelector('#measure-start')`)
	}
	must(t, p.Click("#measure-again"))
	shows(t, p, `document.querySelector('#measure-start')`)
	at(m.Stage.Cast.Hospital.GLN)
	says(t, p, "the maker gets an alert")
	m.lies(t, p, legitimate, "refused", "wrong_place")
	complains(t, p, "4")
	must(t, p.Click("#measure-again"))
	shows(t, p, `document.querySelector('#measure-start')`)
	at(m.Stage.Cast.Distributor.GLN)
	m.lies(t, p, legitimate, "genuine", "")
}

// cancelled gives up while the device measures. Even after a reload the same code asks
// for the same measurement, which is done once.
func (m *measuring) cancelled(t *testing.T, p *browser.Page) {
	release := m.meter.hold()
	scan(t, p, m.codes[2])
	shows(t, p, `document.querySelector('#measure-start')`)
	must(t, p.Click("#measure-start"))
	shows(t, p, `document.querySelector('#measure-running progress')`)
	glance(t, p, "measure-running")
	must(t, p.Click("#measure-cancel"))
	shows(t, p, `document.querySelector('#measured')?.dataset.end === 'cancelled'`)
	release()
	kept := `JSON.parse(sessionStorage.getItem(Object.keys(sessionStorage).find((k) => k.startsWith('theriac.measuring.'))))`
	shows(t, p, kept+`.length === 1`)
	must(t, p.Do(reload()))
	shows(t, p, `document.activeElement?.id === 'measure-scan'`)
	scan(t, p, m.codes[2])
	shows(t, p, `document.querySelector('#measure-start')`)
	must(t, p.Click("#measure-start"))
	// What was cancelled may not be over on the server; then it is asked once more.
	shows(t, p, `(() => {
		const end = document.querySelector('#measured')?.dataset
		if (end?.code === 'in_progress') document.querySelector('#measure-again').click()
		document.querySelector('#measure-start')?.click()
		return end?.end === 'genuine'
	})()`)
	resources(p)
	shows(t, p, kept+`.length === 0`)
	says(t, p, "3 of 4")
}

func (m *measuring) told(t *testing.T) {
	p := visit(t, &m.Stage.Cast.Manufacturer, "clerk")
	screen(t, p, "lines")
	says(t, p, "3 of 4")
	glance(t, p, "lines")
	follow(t, p, string(m.Product))
	says(t, p, "Operated by")
	glance(t, p, "line")
	follow(t, p, string(m.lot))
	says(t, p, "measured and identified a second time")
	says(t, p, "at another place")
	must(t, p.Click("#show-marks"))
	shows(t, p, `document.querySelectorAll('#marks tbody tr').length === 4`)
	says(t, p, "not yet")
	glance(t, p, "registration")
	screen(t, p, "alerts")
	says(t, p, "A thing was measured and identified a second time")
	shows(t, p, `document.querySelector('main a[href^="#/lines/"]')`)
}
