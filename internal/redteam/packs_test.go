package redteam

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"theriac"
	"theriac/api"
	"theriac/client"
	"theriac/gs1"
	"theriac/internal/journey"
)

// An attempt is one dispense of a code, with when it was asked and answered.
type attempt struct {
	answer     answer
	err        error
	from, till time.Time
}

// Attack 000-09: the code of one pack is printed on a thousand; pharmacy and
// hospital dispense them at the same time.
func TestAttack000_09(t *testing.T) {
	t.Parallel()
	w := stage(t)
	k := (&walk{w: w, last: 8}).run(t)
	code := k.code(t, 0)
	body, err := json.Marshal(api.Move{Packs: []string{code}, From: "active", To: "dispensed"})
	if err != nil {
		t.Fatal(err)
	}
	leaves := w.leaves(t)
	const copies, atOnce = 1000, 64
	tries := make([]attempt, copies)
	var next atomic.Int64
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for i := next.Add(1) - 1; i < copies; i = next.Add(1) - 1 {
				by := []*party{w.pharmacy, w.hospital}[i%2]
				tries[i].from = time.Now()
				tries[i].answer, tries[i].err = w.try(t.Context(), http.MethodPost, by, "/v1/moves", by.token, body)
				tries[i].till = time.Now()
			}
		})
	}
	group.Wait()
	once(t, tries)
	if got := w.leaves(t); got != leaves+copies {
		t.Errorf("%d leaves for %d attempts", got-leaves, copies)
	}
	for _, by := range []*party{w.pharmacy, w.hospital} {
		if n := w.inBook(t, by, "already_dispensed"); n < copies/2-1 {
			t.Errorf("%s booked %d attempts, want %d or one more", by.Name, n, copies/2-1)
		}
	}
	if v := w.judge(t, code); v.Verdict != theriac.Refused || codeOf(v) != "pack_dispensed" {
		t.Errorf("the pack afterwards: %+v", v)
	}
	if v := w.judge(t, k.code(t, 1)); v.Verdict != theriac.Genuine {
		t.Errorf("the pack beside it: %+v", v)
	}

	// In the print a code can be verified for ever.
	p := newPrint()
	p.trade(t, "case")
	for range 3 {
		if err := p.legal("case"); err != nil {
			t.Errorf("control: the print refuses a copy: %v", err)
		}
	}
}

// once holds the attempts against what may be: exactly one succeeds, and none was
// refused and answered before that one was asked (linearizable: a refusal says
// that the success came before it).
func once(t *testing.T, tries []attempt) {
	t.Helper()
	won, err := one(tries, func(a attempt) bool { return a.answer.status == http.StatusOK })
	if err != nil {
		t.Errorf("successful dispenses: %v", err)
	}
	alerts := map[string]bool{}
	for _, a := range tries {
		if a.err != nil {
			t.Error(a.err)
			continue
		}
		if a.answer.status == http.StatusOK {
			continue
		}
		_, alert, ok := strings.Cut(a.answer.detail, "alert ")
		if a.answer.status != http.StatusConflict || a.answer.code != "already_dispensed" || !ok || alerts[alert] {
			t.Errorf("a copy: %+v, want already_dispensed with an alert of its own", a.answer)
		}
		alerts[alert] = true
		if a.till.Before(won.from) {
			t.Errorf("refused at %s, before the success was asked for at %s", a.till, won.from)
		}
	}
}

// Attack 000-10: the five defects of printed codes: guessed numbers, changed
// links, links to a phisher's server. (Copies are 000-09, an edited database is
// TestAttack000_10_Database.)
func TestAttack000_10(t *testing.T) {
	t.Parallel()
	w := stage(t)
	k := (&walk{w: w, last: 8}).run(t)
	code := k.code(t, 0)
	id, err := gs1.ParseIdentifier(code, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("guessing", func(t *testing.T) { guessing(t) })
	t.Run("altered", func(t *testing.T) { w.altered(t, id) })
	t.Run("phishing", func(t *testing.T) { w.phishing(t, id) })
}

// guessing tries serial numbers as fast as it goes. A guess costs 11 look-ups, also
// when all are spent.
func guessing(t *testing.T) {
	const aSecond, guesses = 200, 3000
	w := limited(t, aSecond)
	k := (&walk{w: w, last: 5}).run(t)
	begin, unknown, stopped := time.Now(), 0, 0
	for n := range guesses {
		switch a := w.guess(t, k, n); {
		case a.status == http.StatusNotFound && a.code == "unknown_serial":
			unknown++
		case a.status == http.StatusTooManyRequests && a.code == "too_many_requests":
			stopped++
		default:
			t.Fatalf("guess %d: %+v", n, a)
		}
	}
	// Five seconds' worth and one guess at first, then as time goes by.
	allowed := 1 + int(aSecond*(5+time.Since(begin).Seconds())+10)/11
	if unknown > allowed || stopped == 0 {
		t.Errorf("%d of %d guesses were answered within %s, want at most %d", unknown, guesses, time.Since(begin), allowed)
	}
	for _, code := range []string{"unknown_serial", "too_many_requests"} {
		if n := w.inBook(t, w.dm, code); n < 1 || n > 3 {
			t.Errorf("%d entries %s in the audit book, want one a minute", n, code)
		}
	}
}

// guess asks for the n-th serial number of a pattern, as if from another address
// each time: nobody believes the header.
func (w *world) guess(t *testing.T, k *walk, n int) answer {
	t.Helper()
	code := url.QueryEscape(fmt.Sprintf("(01)%s(21)%016d", k.product, n))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.dm.Endpoint+"/v1/openings?id="+code, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", n%250))
	res, err := w.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var p api.Problem
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return answer{status: res.StatusCode, code: p.Code, detail: p.Detail}
}

// limited returns organisations that answer so many look-ups a second.
func limited(t *testing.T, limit float64) *world {
	t.Helper()
	w, err := openWorld(t.TempDir(), 1, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.stop)
	return w
}

// altered changes the code itself.
func (w *world) altered(t *testing.T, id gs1.Identifier) {
	for what, x := range map[string]struct {
		status int
		code   string
		bend   func(id *gs1.Identifier)
	}{
		"another serial number": {http.StatusNotFound, "unknown_serial", func(id *gs1.Identifier) { id.Serial = "0" + id.Serial[1:] }},
		"another lot":           {http.StatusNotFound, "unknown_serial", func(id *gs1.Identifier) { id.Lot += "X" }},
		"a product of nobody's": {http.StatusNotFound, "not_found", func(id *gs1.Identifier) { id.GTIN = item(journey.ManufacturerPrefix, "9997") }},
	} {
		bent := id
		x.bend(&bent)
		link, err := bent.DigitalLink()
		if err != nil {
			t.Fatal(err)
		}
		if a := w.request(t, http.MethodGet, w.pharmacy, "/v1/bundles?id="+url.QueryEscape(link), "", nil); a.status != x.status || a.code != x.code {
			t.Errorf("%s: %+v, want %d %q", what, a, x.status, x.code)
		}
	}
	link, err := id.DigitalLink()
	if err != nil {
		t.Fatal(err)
	}
	for what, code := range map[string]string{
		"user before the domain": strings.Replace(link, "https://", "https://id.gs1.org@", 1),
		"a code in the fragment": link + "#/01/09521141200010/21/X",
		"a script":               "javascript:alert(1)", "a file": "file:///etc/passwd", "SQL": "' OR 1=1 --",
	} {
		if a := w.request(t, http.MethodGet, w.pharmacy, "/v1/bundles?id="+url.QueryEscape(code), "", nil); a.status != http.StatusBadRequest || a.code != "bad_identifier" {
			t.Errorf("%s: %+v, want bad_identifier", what, a)
		}
	}
}

// phishing prints links to the attacker's server, and answers there.
func (w *world) phishing(t *testing.T, id gs1.Identifier) {
	var visits atomic.Int64
	foreign := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		visits.Add(1)
		_, _ = fmt.Fprint(rw, `{"verdict":"genuine"}`)
	}))
	defer foreign.Close()
	link, err := id.DigitalLink()
	if err != nil {
		t.Fatal(err)
	}
	evil := strings.Replace(link, "https://id.gs1.org", foreign.URL, 1)
	if evil == link {
		t.Fatalf("%s is not on id.gs1.org", link)
	}
	// The domain of a link is never asked: what it names, the ledger knows.
	if v := w.judge(t, evil); v.Verdict != theriac.Genuine {
		t.Errorf("a genuine pack's number behind a foreign link: %+v", v)
	}
	out, err := exec.CommandContext(t.Context(), command(t), "trace", "--server", w.pharmacy.Endpoint,
		"--trust", filepath.Join(w.Dir, "trust.json"), evil).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "GENUINE") {
		t.Errorf("trace: %v: %s", err, out)
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("the phisher's server was asked %d times", n)
	}
	// A server that sends the client elsewhere, with its token, is not followed.
	moved := httptest.NewServer(http.RedirectHandler(foreign.URL, http.StatusTemporaryRedirect))
	defer moved.Close()
	c, err := client.New(moved.URL, "secret token")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Bundle(t.Context(), link); err == nil || visits.Load() != 0 {
		t.Errorf("a redirect: %v, %d visits", err, visits.Load())
	}
	w.phishersLedger(t)
}

// phishersLedger serves genuine evidence of a chain that the phisher made himself.
func (w *world) phishersLedger(t *testing.T) {
	own := ownStage(t)
	k := (&walk{w: own, last: 8}).run(t)
	raw := own.evidence(t, k.code(t, 0))
	if v := own.verify(t, raw); v.Verdict != theriac.Genuine {
		t.Fatalf("on his own chain: %+v", v)
	}
	if v := w.verify(t, raw); v.Verdict != theriac.Refused || codeOf(v) != "not_on_ledger" {
		t.Errorf("another chain of the same name: %+v", v)
	}
}
