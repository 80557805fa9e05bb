package ledger_test

import (
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// FuzzApply gives the ledger any bytes. It never panics, and what it refuses
// changes nothing.
func FuzzApply(f *testing.F) {
	base := newTown(f)
	for _, s := range seeds(base) {
		f.Add(s.sign(base, nil))
	}
	f.Fuzz(func(t *testing.T, raw []byte) { base.fork(t).suffer(raw) })
}

// FuzzSigned changes what members sign, before they sign it, in one to three
// places: an argument, a claim, a field, a certificate. Not one of them makes the
// ledger panic or breaks an invariant.
func FuzzSigned(f *testing.F) {
	base := newTown(f)
	random := rand.NewChaCha8([32]byte{1})
	for i := range seeds(base) {
		for range 16 {
			data := make([]byte, 24)
			random.Read(data)
			f.Add(uint8(i), data)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		w := base.fork(t)
		all := seeds(w)
		w.suffer(all[int(which)%len(all)].sign(w, data))
	})
}

// What fuzzing starts from is accepted, or it would not get far.
func TestSeeds(t *testing.T) {
	w := newTown(t)
	for i, s := range seeds(w) {
		want := "applied"
		switch s.kind {
		case chain.KindVote:
			want = "proposal_closed"
		case chain.KindUndo:
			want = "undo_refused"
		}
		if got := outcome(w.Try(s.sign(w, nil))); got != want {
			t.Errorf("seed %d: %s, want %s", i, got, want)
		}
	}
}

// suffer applies a transaction alone and then again with its neighbours.
func (w *town) suffer(raw []byte) {
	w.T.Helper()
	before := w.State.Root(w.T)
	r := w.Block(raw)[0]
	if after := w.State.Root(w.T); (after == before) != (r.Outcome == 0) || (r.Code == "") != (r.Outcome == chain.Applied) {
		w.T.Errorf("%+v: root %+v, before %+v", r, after, before)
	}
	again := w.Block(w.note(), raw, w.note())
	if again[0].Outcome != chain.Applied || again[2].Outcome != chain.Applied || again[1].Outcome != 0 {
		w.T.Errorf("again: %+v", again)
	}
}

// A seed is something that a member may sign, in which fuzzing changes something.
type seed struct {
	by *ledgertest.Org
	// Either the argument of a transaction,
	kind chain.Kind
	body any
	// or an exchange, with its sender, content and predecessor.
	from    *ledgertest.Org
	content pedigree.Content
	prev    *envelope.Message
	cert    *pedigree.Credential // in a decision, signed by from
}

// seeds are transactions that the town would accept, but for a vote and an undo,
// which find nothing.
func seeds(w *town) []seed {
	app := w.application(w.stranger(), asItStands)
	second := w.stranger()
	cert := pedigree.NewCredential(ledgertest.ChainID, w.DA.GLN, pedigree.Authorisation{
		Dossier: w.Dossiers().Documents, GTINs: w.Dossiers().GTINs, Holder: gs1.GLN(w.DM.GLN), Name: "Theriacin", Number: "EU/1/26/009",
	}, w.Now, w.Now.AddDate(1, 0, 0))
	captured := chain.BatchRelease{
		GTIN: gtin("50000000", "0001"), Lot: "C", Expiry: "2029-03-31", Size: 7, Root: w.Release.Root,
		Initial: chain.UnitActive, Evidence: document,
	}
	release := w.Release
	release.Lot, release.Materials = "NEXT", slices.Clone(release.Materials)
	propose := func(a chain.Action) seed {
		return seed{by: w.BCC, kind: chain.KindPropose, body: &chain.Propose{Action: a}}
	}
	out := []seed{
		propose(chain.Action{Admit: app}),
		propose(chain.Action{Standing: &chain.Standing{Member: w.DM2.GLN, Roles: []chain.Role{chain.Distributor, chain.Manufacturer}, Prefixes: []string{"4711"}, Status: chain.Active}}),
		propose(chain.Action{Revoke: &chain.RevokeKey{Key: kid(w.DD)}}),
		propose(chain.Action{Params: &chain.Params{Window: 300_000, Undo: 1, Proposal: 3600_000, Numerator: 3, Denominator: 5}}),
		propose(chain.Action{Validators: []chain.Validator{{Key: slices.Clone(generator), Power: 3}}}),
		{by: w.BCC, kind: chain.KindVote, body: &chain.Vote{Accept: true}},
		{by: w.DD, kind: chain.KindProfile, body: &chain.Profile{Name: "n", Endpoint: "https://example.org", SealKey: key(w.DD).Point()}},
		{by: w.DD, kind: chain.KindRevokeKey, body: &chain.RevokeKey{Key: kid(w.DD)}},
		{by: w.DA, kind: chain.KindCertificate, body: &chain.CertificateChange{Number: ledgertest.Number, Status: chain.CertificateSuspended}},
		{by: w.DM, kind: chain.KindBatch, body: &release},
		{by: w.DD, kind: chain.KindBatch, body: &captured},
		{by: w.DA, kind: chain.KindRecall, body: &chain.Recall{Batch: w.Batch, Status: chain.Recalled}},
		{by: w.DA, kind: chain.KindRecall, body: &chain.Recall{GTIN: w.Product, Status: chain.Withdrawn}},
		{by: w.DD, kind: chain.KindEvidence, body: &chain.Evidence{Digest: canon.Digest{1}, Media: "text/plain"}},
	}
	rotate := rotation(w.DD, second, 0)
	shown := w.Show(chain.UnitActive, chain.UnitDispensed, 3, 4, 9)
	ranged := chain.Units{Batch: w.Batch, From: chain.UnitActive, To: chain.UnitDestroyed, Ranges: []chain.Range{{From: 50, To: 60}, {From: 70, To: 100}}}
	out = append(out,
		seed{by: w.DD, kind: chain.KindRotateKey, body: &rotate},
		seed{by: w.Pharmacy, kind: chain.KindUnits, body: &shown},
		seed{by: w.DM, kind: chain.KindUnits, body: &ranged},
		seed{by: w.Pharmacy, kind: chain.KindUndo, body: &chain.Undo{At: chain.Millis(w.Now), Units: []chain.Range{{From: 3, To: 5}}}},
		seed{by: w.MS, from: w.DM, content: content(w.Request)},
		seed{by: w.DM, from: w.MS, content: content(w.Supply), prev: w.Request},
		seed{by: w.DA, from: w.DM, content: w.Dossiers(), prev: w.Supply},
		seed{by: w.DM, from: w.DA, content: &pedigree.Decision{Decision: pedigree.Approved}, prev: w.Dossier, cert: &cert},
		seed{by: w.DD, from: w.DM, content: w.parcel(50, 60), prev: w.Decision},
		seed{by: w.DM, from: w.DD, content: content(w.Status), prev: w.Distribution},
		seed{by: w.Pharmacy2, from: w.DD, content: &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(25, 30)}}, prev: w.Distribution},
		seed{by: w.DD, from: w.Pharmacy, content: content(w.Received), prev: w.Dispatch},
	)
	return out
}

// sign builds the transaction. data chooses what is changed on the way.
func (s *seed) sign(w *town, data []byte) []byte {
	d := &dice{data}
	times := 0
	if len(data) > 0 {
		times = 1 + int(d.roll(3))
	}
	// The parts, from the inside out; a change hits one of them.
	body, kind := s.body, s.kind
	change := func(part any) {
		for range times {
			if d.roll(2) == 0 {
				d.change(reflect.ValueOf(part).Elem())
			}
		}
	}
	if s.from != nil {
		kind = chain.KindExchange
		body = s.message(w, change)
	}
	change(body)
	raw, err := canon.CBOR(body)
	if err != nil {
		return nil
	}
	tx := chain.Tx{Chain: ledgertest.ChainID, Kind: kind, Sender: s.by.GLN, ID: ledgertest.NewID(), Time: chain.Millis(w.Now), Body: raw}
	if d.roll(8) == 1 {
		change(&tx)
	}
	return s.by.Sign(tx)
}

// message signs the message of an exchange after changes, and returns the argument
// that anchors it.
func (s *seed) message(w *town, change func(part any)) *chain.Exchange {
	if s.cert != nil {
		change(s.cert)
		raw, err := s.cert.Sign(s.from.Key)
		if err != nil {
			return &chain.Exchange{}
		}
		s.content.(*pedigree.Decision).Certificate = raw
	}
	change(s.content)
	body, err := envelope.BodyOf(s.content, ledgertest.NewID)
	if err != nil {
		return &chain.Exchange{}
	}
	change(&body)
	c := envelope.Claims{
		Audience: s.by.GLN, Case: ledgertest.Case, Expires: w.Now.Add(time.Hour).Unix(), IssuedAt: w.Now.Unix(),
		Issuer: s.from.GLN, ID: ledgertest.NewID(), Prev: []canon.Digest{}, Type: s.content.Type(),
	}
	if s.prev != nil {
		c.Prev = append(c.Prev, s.prev.Envelope.Digest())
	}
	change(&c)
	m, err := envelope.Sign(s.from.Key, c, body)
	if err != nil {
		return &chain.Exchange{}
	}
	x := s.by.Exchange(m)
	return &x
}

// dice are bytes that choose. When they are used up they show zero.
type dice struct{ left []byte }

func (d *dice) roll(n int) int {
	if len(d.left) == 0 || n <= 1 {
		return 0
	}
	b := d.left[0]
	d.left = d.left[1:]
	return int(b) % n
}

// change changes one value somewhere in v.
func (d *dice) change(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		d.change(v.Field(d.roll(v.NumField())))
	case reflect.Pointer:
		switch {
		case v.IsNil():
			v.Set(reflect.New(v.Type().Elem()))
		case d.roll(8) == 1:
			v.SetZero()
		default:
			d.change(v.Elem())
		}
	case reflect.Slice:
		d.changeSlice(v)
	case reflect.Array:
		if d.roll(4) == 0 {
			v.SetZero()
		} else {
			d.change(v.Index(d.roll(v.Len())))
		}
	case reflect.String:
		s := v.String()
		v.SetString([]string{"", s + "x", "0" + s, strings.Repeat("x", 300), "é", strings.ToUpper(s), s[:len(s)/2]}[d.roll(7)])
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int64, reflect.Int:
		x := v.Int()
		v.SetInt([]int64{0, -1, x + 1, x - 1, -x, 1<<63 - 1, -1 << 63, 1 << 40, x + 1000 - 1<<62}[d.roll(9)])
	case reflect.Uint8:
		v.SetUint(uint64(d.roll(256)))
	case reflect.Uint64:
		x := v.Uint()
		v.SetUint([]uint64{0, 1, x + 1, x - 1, 1<<64 - 1, 1 << 63, 1 << 40, 1 << 32, 1<<32 + 1, 100, 2048}[d.roll(11)])
	}
}

func (d *dice) changeSlice(v reflect.Value) {
	n := v.Len()
	switch d.roll(7) {
	case 0:
		v.SetZero()
	case 1:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	case 2:
		v.Set(v.Slice(0, n/2))
	case 3:
		v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, 2*n), v))
		v.Set(reflect.AppendSlice(v, v))
	case 4:
		v.Set(reflect.MakeSlice(v.Type(), 70, 70))
	case 5:
		if n > 1 {
			reflect.Swapper(v.Interface())(0, n-1)
		}
	default:
		if n > 0 {
			d.change(v.Index(int(binary.LittleEndian.Uint16([]byte{byte(d.roll(256)), byte(d.roll(256))})) % n))
		}
	}
}
