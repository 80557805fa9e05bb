package redteam

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger"
)

// printedCode is a concealed code as labels have it: in two lines.
var printedCode = regexp.MustCompile(`([0-9A-Z]{6}-[0-9A-Z]{6}-)\s+([0-9A-Z]{6}-[0-9A-Z]{8})`)

// scratch returns a pack and the code under its coating, as the maker's printer has it.
func (w *world) scratch(t *testing.T, maker *party, batch string, place uint64) (gs1.Identifier, genuine.Code) {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI misses pdftotext: %v", err)
		}
		t.Skipf("SKIPPED, no pdftotext (Debian package poppler-utils): %v", err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, maker.Endpoint+"/v1/batches/"+batch+"/labels",
		strings.NewReader(fmt.Sprintf(`{"from":%d,"count":1}`, place)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+maker.token)
	res, err := w.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	pdf, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("labels: %s %v %v", res.Status, res.Header, err)
	}
	cmd := exec.CommandContext(t.Context(), "pdftotext", "-raw", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	m := printedCode.FindSubmatch(text)
	if m == nil {
		t.Fatalf("no code in %q", text)
	}
	code, err := genuine.ParseCode(string(m[1]) + string(m[2]))
	if err != nil {
		t.Fatal(err)
	}
	packs := *get[[]api.Printed](t, maker, "/v1/batches/"+batch+"/packs", url.Values{"from": {fmt.Sprint(place)}, "limit": {"1"}})
	id, err := gs1.ParseIdentifier(packs[0].Code, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return id, code
}

func newBrowser(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return point
}

// redeeming returns what a browser hands in.
func redeeming(t *testing.T, at *party, id gs1.Identifier, code genuine.Code, browser []byte) *api.Redeeming {
	t.Helper()
	visible, err := id.Bracketed()
	if err != nil {
		t.Fatal(err)
	}
	where := get[api.Redeemable](t, at, "/v1/redeemable", url.Values{"code": {visible}})
	r := chain.Redeem{Batch: where.Batch, Index: where.Index, Path: where.Path, Browser: browser}
	if err := code.Redeem(where.Chain, gs1.SGTIN{GTIN: id.GTIN, Serial: id.Serial}, &r); err != nil {
		t.Fatal(err)
	}
	return &api.Redeeming{Batch: r.Batch, Index: r.Index, Path: r.Path, Key: r.Key, Proof: r.Proof, Browser: r.Browser}
}

func (w *world) redeem(t *testing.T, at *party, r *api.Redeeming) answer {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return w.request(t, http.MethodPost, at, "/v1/redemptions", "", raw)
}

// Attack code-01: redeem with what stands on the pack for all to see, with the code of
// the pack beside it, with guesses.
func TestAttackCode_01(t *testing.T) {
	t.Parallel()
	w := limited(t, 20)
	k := (&walk{w: w, last: 8, codes: true}).run(t)
	id, _ := w.scratch(t, w.dm, k.batch.String(), 3)
	_, beside := w.scratch(t, w.dm, k.batch.String(), 4)
	visible, err := id.Bracketed()
	if err != nil {
		t.Fatal(err)
	}
	hashed := canon.Sum([]byte(visible))
	for i, x := range []struct {
		what string
		code genuine.Code
	}{
		{"the code of the pack beside it", beside},
		{"a hash of the label", genuine.Code(hashed[:16])},
		{"the serial number", genuine.Code([]byte(id.Serial + "0123456789ABCDEF")[:16])},
		{"nothing", genuine.Code{}},
	} {
		at := []*party{w.pharmacy, w.hospital, w.dd, w.dm}[i]
		w.refuses(t, at, x.what, func() answer { return w.redeem(t, at, redeeming(t, at, id, x.code, newBrowser(t))) }, unprocessable, "bad_code")
	}
	// Each guess costs look-ups, and one address has so many redemptions.
	r := redeeming(t, w.pharmacy, id, beside, newBrowser(t))
	for range 9 {
		w.redeem(t, w.pharmacy, r)
	}
	w.refuses(t, w.pharmacy, "the eleventh of one address", func() answer { return w.redeem(t, w.pharmacy, r) }, http.StatusTooManyRequests, "too_many_requests")
}

// Attack code-02: whoever sees a redemption on its way, the relay or a member with a
// node of his own, redeems for himself.
func TestAttackCode_02(t *testing.T) {
	t.Parallel()
	w := stage(t)
	k := (&walk{w: w, last: 8, codes: true}).run(t)
	id, code := w.scratch(t, w.dm, k.batch.String(), 0)
	seen := redeeming(t, w.pharmacy, id, code, newBrowser(t))
	thief := *seen
	thief.Browser = newBrowser(t)
	w.refuses(t, w.hospital, "another browser under the proof", func() answer { return w.redeem(t, w.hospital, &thief) }, unprocessable, "bad_code")
	tx := chain.Redeem{Batch: seen.Batch, Index: seen.Index, Path: seen.Path, Key: seen.Key, Proof: seen.Proof, Browser: thief.Browser}
	w.rogue(t).refused(t, "past the desk", "bad_code", w.hospital.signer(t), w.hospital.GLN, chain.KindRedeem, tx)
	elsewhere := *seen
	elsewhere.Index++
	w.refuses(t, w.dd, "another pack under the proof", func() answer { return w.redeem(t, w.dd, &elsewhere) }, unprocessable, "bad_code")
	// Relayed by the one who copied it, it is still the patient's.
	copied, err := w.hospital.API.Redeem(t.Context(), *seen)
	if err != nil || !copied.First || copied.By != w.hospital.GLN {
		t.Fatalf("%+v, %v", copied, err)
	}
	mine, err := w.pharmacy.API.Redeem(t.Context(), *seen)
	if err != nil || *mine != *copied {
		t.Errorf("the patient afterwards: %+v, %v", mine, err)
	}
}

// Attack code-03: a label is copied with its code, and a hundred patients redeem it at
// the same moment, here and there. One is the first; all others learn when that was, and
// the maker hears of it, but not a hundred times.
func TestAttackCode_03(t *testing.T) {
	t.Parallel()
	w := stage(t)
	k := (&walk{w: w, last: 8, codes: true}).run(t)
	id, code := w.scratch(t, w.dm, k.batch.String(), 1)
	const copies = 100
	relays := []*party{w.pharmacy, w.hospital, w.dd, w.dm}
	redemptions := make([]*api.Redeeming, copies)
	for i := range redemptions {
		redemptions[i] = redeeming(t, relays[i%len(relays)], id, code, newBrowser(t))
	}
	before := w.leaves(t)
	var firsts atomic.Int64
	var when sync.Map
	var group sync.WaitGroup
	for i, r := range redemptions {
		group.Go(func() {
			for {
				got, err := relays[i%len(relays)].API.Redeem(t.Context(), *r)
				var busy bool
				switch {
				case err == nil && got.First:
					firsts.Add(1)
					when.Store(got.At, true)
				case errors.Is(err, ledger.ErrRedeemed) && got != nil && !got.First:
					when.Store(got.At, true)
				case strings.Contains(fmt.Sprint(err), "being redeemed"):
					busy = true // one of a pack at a time
				default:
					t.Errorf("copy %d: %+v, %v", i, got, err)
				}
				if !busy {
					return
				}
			}
		})
	}
	group.Wait()
	times := 0
	when.Range(func(any, any) bool { times++; return true })
	if firsts.Load() != 1 || times != 1 {
		t.Errorf("%d were first, at %d times, want one", firsts.Load(), times)
	}
	alerts := 0
	for _, a := range get[api.Alerts](t, w.dm, "/v1/alerts", url.Values{"limit": {"100"}}).Items {
		if a.Batch == k.batch && a.Code == "already_redeemed" && a.Units[0] == (chain.Range{From: 1, To: 2}) {
			alerts++
		}
	}
	// Each relay looks before it raises the next.
	if most := 3 + len(relays); alerts == 0 || alerts > most || w.leaves(t) != before+1+uint64(alerts) {
		t.Errorf("%d alerts and %d leaves, want 1 to %d and one more", alerts, w.leaves(t)-before, most)
	}
}

// Attack code-06: look for concealed codes in all that is kept and logged: every file of
// every organisation, every answer that lists packs.
func TestAttackCode_06(t *testing.T) {
	t.Parallel()
	w := ownStage(t)
	k := (&walk{w: w, last: 8, codes: true}).run(t)
	id, code := w.scratch(t, w.dm, k.batch.String(), 2)
	for range 2 {
		w.redeem(t, w.pharmacy, redeeming(t, w.pharmacy, id, code, newBrowser(t)))
	}
	bundle, err := w.pharmacy.API.Bundle(t.Context(), k.code(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	answers := [][]byte{bundle, []byte(strings.Join(w.alarms.all(), "\n"))}
	for _, path := range []string{"/v1/batches", "/v1/batches/" + k.batch.String() + "/packs", "/v1/audit", "/v1/jobs", "/v1/alerts"} {
		raw, err := w.dm.API.Raw(t.Context(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, raw)
	}
	w.stop()
	files := 0
	err = filepath.WalkDir(w.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		answers, files = append(answers, raw), files+1
		return err
	})
	if err != nil || files < 20 {
		t.Fatalf("%d files: %v", files, err)
	}
	forms := [][]byte{code[:], []byte(hex.EncodeToString(code[:])), []byte(base64.RawURLEncoding.EncodeToString(code[:])), []byte(code.Printed()), []byte(strings.ReplaceAll(code.Printed(), "-", ""))}
	for i, raw := range answers {
		for _, form := range forms {
			if bytes.Contains(raw, form) {
				t.Errorf("the code stands in answer or file %d", i)
			}
		}
	}
}

// killWhileRedeeming kills the relay, here the maker, while it redeems. The same browser
// asks again and is the first, once.
func (w *town) killWhileRedeeming(t *testing.T, batch string) {
	t.Helper()
	id, code := w.w.scratch(t, w.dm.party, batch, 5)
	mine := redeeming(t, w.dm.party, id, code, newBrowser(t))
	lost := make(chan error, 1)
	go func() {
		_, err := w.dm.API.Redeem(t.Context(), *mine)
		lost <- err
	}()
	pause(t, 30*time.Millisecond)
	w.dm.kill()
	<-lost
	w.dm.start()
	w.dm.ready()
	var first *api.Redeemed
	until(t, "the relay answers", func() (done bool) {
		var err error
		first, err = w.dm.API.Redeem(t.Context(), *mine)
		return err == nil
	})
	if !first.First || first.By != w.dm.GLN {
		t.Errorf("after the kill: %+v", first)
	}
	if again, err := w.dm.API.Redeem(t.Context(), *mine); err != nil || *again != *first {
		t.Errorf("again: %+v, %v", again, err)
	}
	if second, err := w.dm.API.Redeem(t.Context(), *redeeming(t, w.dm.party, id, code, newBrowser(t))); !errors.Is(err, ledger.ErrRedeemed) || second.At != first.At {
		t.Errorf("a second: %+v, %v", second, err)
	}
	if alerts := get[api.Alerts](t, w.dm.party, "/v1/alerts", nil); len(alerts.Items) != 1 {
		t.Errorf("%d alerts, want 1", len(alerts.Items))
	}
}
