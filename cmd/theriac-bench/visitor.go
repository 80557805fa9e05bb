package main

import (
	"context"
	"fmt"

	"theriac/internal/browser"
)

// A visitor comes to the verify page with a fresh browser each time, and scans.
type visitor struct {
	endpoint, film, link string
}

// A visit is what was measured in one, in milliseconds.
type visit struct {
	after float64 // from the scan to the verdict
	first float64 // the page's first proof check
	later float64 // the median of those that follow
	bare  float64 // their signatures alone
}

// seen notes in the page when the scanner has gone, which is when it has read a
// code, and when the verdict is there.
const seen = `new Promise((done) => {
	let read, shown = () => document.querySelector('#verdict')
	new MutationObserver(() => {
		if (document.querySelector('#scanner video')) read = undefined
		else if (read === undefined && window.scanning) read = performance.now()
		if (shown()) done({after: performance.now() - (read ?? 0), verdict: shown().dataset.verdict})
	}).observe(document.body, {childList: true, subtree: true, attributes: true})
	document.querySelector('#scan').click()
	const started = setInterval(() => { if (document.querySelector('#scanner video')) { window.scanning = true; clearInterval(started) } }, 5)
})`

// again checks some more times and returns what each check took.
const again = `(async () => {
	const checks = () => performance.getEntriesByName('theriac.verify').map((e) => e.duration)
	for (let n = 2; n <= 10; n++) {
		document.querySelector('#again').click()
		while (checks().length < n) await new Promise((r) => setTimeout(r, 5))
		while (document.querySelector('#again').getAttribute('aria-busy') === 'true') await new Promise((r) => setTimeout(r, 5))
	}
	return checks()
})()`

// bareCheck times as many signatures as a history of eight exchanges has, each
// by an imported key, all at once as the page does.
const bareCheck = `(async () => {
	const data = crypto.getRandomValues(new Uint8Array(600))
	const make = async (algorithm, params) => {
		const pair = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
		const signature = await crypto.subtle.sign(params, pair.privateKey, data)
		return () => crypto.subtle.verify(params, pair.publicKey, signature, data)
	}
	const all = []
	for (let i = 0; i < %d; i++) all.push(await make({name: 'ECDSA', namedCurve: 'P-256'}, {name: 'ECDSA', hash: 'SHA-256'}))
	all.push(await make('Ed25519', 'Ed25519'))
	const start = performance.now()
	const good = await Promise.all(all.map((f) => f()))
	if (!good.every(Boolean)) throw new Error('a signature does not verify')
	return performance.now() - start
})()`

// histories have two signatures an exchange, the sender's and the anchor's, and
// Cert_D's.
const p256Signatures = 2*8 + 1

// scan visits with a browser that has never seen the page.
func (v *visitor) scan(ctx context.Context) (m visit, err error) {
	b, err := browser.Start(ctx, browser.Config{Camera: v.film})
	if err != nil {
		return m, err
	}
	defer b.Close()
	p, err := b.Page()
	if err != nil {
		return m, err
	}
	if err := p.Go(v.endpoint); err != nil {
		return m, err
	}
	if err := p.Until(`document.querySelector('#scan')`); err != nil {
		return m, err
	}
	got, err := browser.Evaluate[struct {
		After   float64 `json:"after"`
		Verdict string  `json:"verdict"`
	}](p, seen)
	if err != nil {
		return m, err
	}
	if got.Verdict != "genuine" {
		return m, fmt.Errorf("the page shows %s", got.Verdict)
	}
	m.after = got.After
	checks, err := browser.Evaluate[series](p, again)
	if err != nil {
		return m, err
	}
	m.first, m.later = checks[0], checks[1:].median()
	m.bare, err = browser.Evaluate[float64](p, fmt.Sprintf(bareCheck, p256Signatures))
	return m, err
}

// An opening is a visit by a link that names the pack, in milliseconds: the page has
// no time to try the verifier before.
type opening struct {
	After float64 `json:"after"` // from the link to the end of the proof check
	First float64 `json:"first"` // the proof check
}

// open visits by a label's link, with a browser that has never seen the page.
func (v *visitor) open(ctx context.Context) (o opening, err error) {
	b, err := browser.Start(ctx, browser.Config{})
	if err != nil {
		return o, err
	}
	defer b.Close()
	p, err := b.Page()
	if err != nil {
		return o, err
	}
	if err := p.Go(v.endpoint + v.link); err != nil {
		return o, err
	}
	if err := p.Until(`document.querySelector('#verdict')?.dataset.verdict === 'genuine'`); err != nil {
		return o, err
	}
	return browser.Evaluate[opening](p, `(([e]) => ({after: e.startTime + e.duration, first: e.duration}))(performance.getEntriesByName('theriac.verify'))`)
}
