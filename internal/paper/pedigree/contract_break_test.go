package pedigree

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// Attack 000-23: h(a, b) is h(a‖b): a byte moves from one field to the next under
// the same signature. It fails only where the print has another check: an ID must
// be registered, a timestamp must not lose its last digit.
func TestBytesMoveBetweenFields(t *testing.T) {
	w := newWorld()
	for i, m := range w.trade(t, digits()) {
		x := Exchange(i)
		fields := x.Fields()
		for j, b := range fields[1:] {
			a := fields[j]
			right, left := m, m
			fa, fb := m.Fields[a], m.Fields[b]
			right.Fields[a], right.Fields[b] = fa[:len(fa)-1], fa[len(fa)-1:]+fb
			left.Fields[a], left.Fields[b] = fa+fb[:1], fb[1:]
			if b == IDBC { // dadmchk and dmddins look for a dossier, which anybody may insert
				dossier := Fields{ID: w.by[DM].ID, IDBC: right.Fields[IDBC]}
				if err := w.c.Insert(DMDA, dossier, w.k()); err != nil {
					t.Fatal(err)
				}
			}
			_, errRight := w.by[x.To()].Receive(x, right, noon, w.k())
			_, errLeft := w.by[x.To()].Receive(x, left, noon, w.k())
			switch {
			case a == ID:
				if !errors.Is(errRight, ErrUnknown) || !errors.Is(errLeft, ErrUnknown) {
					t.Errorf("%v, ID and field %d: %v, %v, want %v", x, b, errRight, errLeft, ErrUnknown)
				}
			case a == TS && b == Prev: // a digest rarely begins with a digit
				if !errors.Is(errRight, ErrStale) {
					t.Errorf("%v, TS shortened: %v, want %v", x, errRight, ErrStale)
				}
			case a == TS:
				if errLeft != nil {
					t.Errorf("%v, field %d to TS: %v, want nil", x, b, errLeft)
				}
			case errRight != nil:
				t.Errorf("%v, field %d to %d: %v, want nil", x, a, b, errRight)
			}
		}
	}
}

// digits returns the drug with M's that end in a digit, as prices and dates do.
func digits() Drug {
	d := thyme
	for i := range d.Details {
		d.Details[i] += " 25"
	}
	return d
}

// Attack 000-23: a price of 25 becomes one of 2, its 5 a timestamp of the year
// 3687, which equation 6 takes.
func TestPriceMovesIntoTimestamp(t *testing.T) {
	w := newWorld()
	m, err := w.by[DM].Send(DMMS, thyme.fields(DMMS), noon, w.k())
	if err != nil {
		t.Fatal(err)
	}
	m.Fields[Detail], m.Fields[TS] = "10 kg thyme, price 2", "5"+m.Fields[TS]
	if _, err := w.by[MS].Receive(DMMS, m, noon, w.k()); err != nil {
		t.Fatalf("Receive = %v, want nil", err)
	}
	if got, want := w.c.Rows(DMMS)[0].Fields[Detail], "10 kg thyme, price 2"; got != want {
		t.Errorf("on chain: %q, want %q", got, want)
	}
}

// Attack 000-13 and 000-23: no message says of what kind it is. DM's dossier for the
// administration, and its delivery to the distributor, are orders to a supplier.
func TestMessageOfOneKindIsAnother(t *testing.T) {
	w := newWorld()
	sent := w.trade(t, thyme)
	for _, x := range []Exchange{DMDA, DMDD} {
		f := sent[x].Fields
		order := Fields{ID: f[ID], TS: f[TS]}
		order[Detail] = f[Detail] + f[Date] + f[Cost]
		order[IDBC] = f[Prev] + f[Cert] + f[UI] + f[IDBC]
		if _, err := w.by[MS].Receive(DMMS, Message{order, sent[x].Sig}, noon, w.k()); err != nil {
			t.Errorf("%v as dmms: %v, want nil", x, err)
		}
	}
}

// Attack 000-21: chk returns after the first field: the others may be anything.
func TestCheckLooksAtFirstFieldOnly(t *testing.T) {
	w := newWorld()
	w.trade(t, thyme)
	for x := DMMS; x <= DDDM; x++ {
		if !w.c.Check(x, Fields{IDBC: thyme.IDBC, Detail: "never stored"}) {
			t.Errorf("%vchk with a right id and nothing else = false, want true", x)
		}
	}
}

// Attack 000-21: dadmchk asks for dmda_id: a drug is approved as soon as somebody
// has asked.
func TestApprovalCheckNeedsNoApproval(t *testing.T) {
	w := newWorld()
	f := Fields{ID: w.by[DM].ID, IDBC: thyme.IDBC, Detail: "dossier"}
	if err := w.c.Insert(DMDA, f, w.k()); err != nil {
		t.Fatal(err)
	}
	if !w.c.Check(DADM, Fields{IDBC: thyme.IDBC, Cert: "none"}) {
		t.Error("dadmchk without any dadmins = false, want true")
	}
}

// dmddins signs dmda_detail for dmdd_detail: what was delivered is not signed.
func TestDeliveryDetailIsUnsigned(t *testing.T) {
	w := newWorld()
	w.trade(t, thyme)
	row := w.c.Rows(DMDD)[0]
	row.Fields[Detail] = "not what DM delivered"
	if err := w.c.VerifyRow(DMDD, row); err != nil {
		t.Errorf("verify line = %v, want nil", err)
	}
	for _, f := range []Field{Cert, UI, Date, Cost, IDBC} {
		row := w.c.Rows(DMDD)[0]
		row.Fields[f] = flip(row.Fields[f], f)
		if err := w.c.VerifyRow(DMDD, row); !errors.Is(err, ErrContract) {
			t.Errorf("verify line with column %d changed = %v, want %v", f, err, ErrContract)
		}
	}
	// Without a dossier under this ID_BC, dmda_id is nothing and dmdd_id is not.
	err := w.c.Insert(DMDD, Fields{ID: w.by[DM].ID, IDBC: "no dossier"}, w.k())
	if !errors.Is(err, ErrContract) {
		t.Errorf("dmddins without dmdains = %v, want %v", err, ErrContract)
	}
}

// Attack 000-21: ins asks nobody who he is, and signs with the key that he names.
func TestContractSignsForAnybody(t *testing.T) {
	w := newWorld()
	f := Fields{ID: w.by[DA].ID, IDBC: "pirate", Detail: "approved", Cert: "junk"}
	if err := w.c.Insert(DADM, f, w.k()); err != nil {
		t.Fatalf("Insert by nobody = %v, want nil", err)
	}
	row := w.c.Rows(DADM)[0]
	z := new(Ops).hash(row.Fields.pick(exchanges[DADM].columns)...)
	if !ecdsa.Verify(standard(t, w.by[DA].Q), z, row.Sig.R, row.Sig.S) {
		t.Error("the row does not verify under the drug administration's key")
	}
}

// Attack 000-15: the centre made d_DM and signs as DM, in all six exchanges; and
// whoever overhears the registration does the same.
func TestOperatorSigns(t *testing.T) {
	w := newWorld()
	operator := map[Role]*Party{}
	for r, p := range w.by {
		operator[r] = &Party{Role: r, KeyPair: w.c.Operator(p.ID), Centre: w.c, DeltaT: delta}
	}
	overheard := w.c.Register("ID-new", scalar("new"))
	operator[MS] = &Party{Role: MS, KeyPair: overheard, Centre: w.c, DeltaT: delta}
	for x := DMMS; x <= DDDM; x++ {
		m, err := operator[x.From()].Send(x, thyme.fields(x), noon, w.k())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.by[x.To()].Receive(x, m, noon, w.k()); err != nil {
			t.Errorf("%v by the operator: %v, want nil", x, err)
		}
	}
}

// Attack 000-20: equations 68–73 compare BC with h(r, s) and nothing else: random
// (r, s) with any genuine Cert_D make a legal drug.
func TestJunkIsLegal(t *testing.T) {
	w := newWorld()
	w.trade(t, thyme)
	cert := w.c.Download(thyme.IDBC).Cert
	for x := DMMS; x <= DDDM; x++ {
		junk := Signature{scalar("r" + x.String()), scalar("s" + x.String())}
		w.c.Upload(x, "pirate", BC(junk), junk)
	}
	// Cert_D of the other drug: public, and tied to no case.
	if err := w.c.Insert(DADM, Fields{ID: w.by[DA].ID, IDBC: "pirate", Cert: cert}, w.k()); err != nil {
		t.Fatal(err)
	}
	if err := w.legal("pirate"); err != nil {
		t.Errorf("third party: %v, want nil", err)
	}
}

// Attack 000-20: the steps of two drugs mix.
func TestMixedHistoriesAreLegal(t *testing.T) {
	w := newWorld()
	other := thyme
	other.IDBC, other.Certificate = "7CASE-0002", "AUTH 65-2 sage drops"
	w.trade(t, thyme)
	w.trade(t, other)
	mixed, approved := w.c.Download(thyme.IDBC), w.c.Download(other.IDBC)
	mixed.Cert = approved.Cert
	for _, x := range []Exchange{DMDA, DADM, MSDM} {
		mixed.Sigs[x], mixed.BCs[x] = approved.Sigs[x], approved.BCs[x]
	}
	if err := mixed.Verify(w.by[DA].Q, new(Ops)); err != nil {
		t.Errorf("third party: %v, want nil", err)
	}
}

// Attack 000-14, "message is irreversible". z is never published and BC = h(r, s)
// alone says nothing, since r is random. But step 1 of IV-I publishes (r, s), and
// sR − rQ = zG: with the public key a signature is an unsalted check value, and
// a poor message falls to whoever tries all of them. The rest of z is an
// identity, ID_BC and a time within seconds of its block.
func TestDictionary(t *testing.T) {
	w := newWorld()
	f := thyme.fields(DMMS)
	f[Detail] = "137 kg"
	m, err := w.by[DM].Send(DMMS, f, noon, w.k())
	if err != nil {
		t.Fatal(err)
	}
	bc, err := w.by[MS].Receive(DMMS, m, noon, w.k())
	if err != nil {
		t.Fatal(err)
	}
	public := w.c.Download(thyme.IDBC)
	g, q := public.Sigs[DMMS], standard(t, w.by[DM].Q)
	if BC(g) != bc {
		t.Fatal("the downloaded signature does not open BC")
	}
	var found []string
	for kilos := range 300 {
		for second := range 10 {
			guess := Fields{ID: "ID-DM", Detail: fmt.Sprint(kilos, " kg"), IDBC: thyme.IDBC}
			guess[TS] = fmt.Sprint(noon.Unix() - 5 + int64(second))
			if ecdsa.Verify(q, DMMS.Digest(guess), g.R, g.S) {
				found = append(found, guess[Detail])
			}
		}
	}
	if !slices.Equal(found, []string{"137 kg"}) {
		t.Errorf("dictionary found %q, want the message", found)
	}
	// And it was not needed: the contract stores M in clear.
	if got, want := w.c.Rows(DMMS)[0].Fields[Detail], "137 kg"; got != want {
		t.Errorf("dmms_detail on chain = %q, want %q", got, want)
	}
}
