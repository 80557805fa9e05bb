package pedigree

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Equation 1, and the centre's answer that carries d_X.
func TestRegistration(t *testing.T) {
	c := NewCentre()
	pair := c.Register("ID-DM", scalar("d"))
	key, err := privateKey(scalar("d"))
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(standard(t, pair.Q)) {
		t.Error("equation 1: Q_X is not d_X·G")
	}
	if pair.D.Cmp(scalar("d")) != 0 || pair.ID != "ID-DM" {
		t.Errorf("the centre answers %v, want ID_X and d_X too", pair)
	}
	if q, err := c.PublicKey("ID-DM"); err != nil || q.X.Cmp(pair.Q.X) != 0 {
		t.Errorf("PublicKey = %v, %v", q, err)
	}
	if _, err := c.PublicKey("ID-MS"); !errors.Is(err, ErrUnknown) {
		t.Errorf("PublicKey(stranger) = %v, want %v", err, ErrUnknown)
	}
}

// Equations 2, 13, 24, 35, 46, 57 (and 7, 18, …): what z covers, in the printed
// order.
func TestDigests(t *testing.T) {
	m := func(f Fields) string { return f[Detail] + f[Date] + f[Cost] }
	printed := map[Exchange]func(f Fields) string{
		DMMS: func(f Fields) string { return f[ID] + m(f) + f[TS] + f[IDBC] },
		MSDM: func(f Fields) string { return f[ID] + m(f) + f[TS] + f[Prev] + f[MUI] + f[IDBC] },
		DMDA: func(f Fields) string { return f[ID] + m(f) + f[TS] + f[Prev] + f[IDBC] },
		DADM: func(f Fields) string { return f[ID] + m(f) + f[TS] + f[Prev] + f[Cert] + f[IDBC] },
		DMDD: func(f Fields) string { return f[ID] + m(f) + f[TS] + f[Prev] + f[Cert] + f[UI] + f[IDBC] },
		DDDM: func(f Fields) string { return f[ID] + m(f) + f[TS] + f[Prev] + f[IDBC] },
	}
	equations := [...]int{2, 13, 24, 35, 46, 57}
	for x, message := range newWorld().trade(t, thyme) {
		x := Exchange(x)
		want := sha256.Sum256([]byte(printed[x](message.Fields)))
		if diff := cmp.Diff(want[:], x.Digest(message.Fields)); diff != "" {
			t.Errorf("%v: equation %d (-want +got):\n%s", x, equations[x], diff)
		}
		if x.Equation(2) != equations[x] {
			t.Errorf("%v.Equation(2) = %d, want %d", x, x.Equation(2), equations[x])
		}
	}
}

// Equations 3–5 and 8–11 in each exchange: s·k = z + r·d with r the x of kG, and
// crypto/ecdsa, which has never seen the paper, takes the signature.
func TestSignatures(t *testing.T) {
	for x := DMMS; x <= DDDM; x++ {
		w, k := newWorld(), scalar(x.String())
		from := w.by[x.From()]
		m, err := from.Send(x, thyme.fields(x), noon, k)
		if err != nil {
			t.Fatal(err)
		}
		z := x.Digest(m.Fields)
		if r := modN(new(Ops).times(k, base()).X); m.Sig.R.Cmp(r) != 0 {
			t.Errorf("%v, equation %d: r = %x, want %x", x, x.Equation(4), m.Sig.R, r)
		}
		left := modN(new(big.Int).Mul(m.Sig.S, k))
		right := new(big.Int).Mul(m.Sig.R, from.D)
		if right = modN(right.Add(right, number(z))); left.Cmp(right) != 0 {
			t.Errorf("%v, equation %d: sk = %x, want %x", x, x.Equation(5), left, right)
		}
		if !ecdsa.Verify(standard(t, from.Q), z, m.Sig.R, m.Sig.S) {
			t.Errorf("%v: crypto/ecdsa refuses the signature", x)
		}
	}
}

// Equations 12, 23, 34, 45, 56, 67: BC = h(r, s), uploaded under ID_BC and sent in
// the next message.
func TestAnchors(t *testing.T) {
	w := newWorld()
	sent := w.trade(t, thyme)
	h := w.c.Download(thyme.IDBC)
	for x, m := range sent {
		want := sha256.Sum256(m.Sig.Bytes())
		if h.BCs[x] != string(want[:]) || BC(m.Sig) != string(want[:]) {
			t.Errorf("equation %d: BC = %x, want %x", Exchange(x).Equation(12), h.BCs[x], want)
		}
		if x < 5 && sent[x+1].Fields[Prev] != string(want[:]) {
			t.Errorf("%v does not carry the BC of %v", Exchange(x+1), Exchange(x))
		}
	}
}

// Equations 6–11 come in the printed order, and a refused message leaves nothing.
func TestReceiveOrder(t *testing.T) {
	for _, tt := range []struct {
		name string
		late time.Duration
		bend func(m *Message)
		want error
	}{
		{"fresh", 0, func(*Message) {}, nil},
		{"at ΔT", delta, func(*Message) {}, nil},
		{"after ΔT", delta + time.Second, func(*Message) {}, ErrStale},
		{"no timestamp", 0, func(m *Message) { m.Fields[TS] = "noon" }, ErrStale},
		{"stranger", 0, func(m *Message) { m.Fields[ID] = "ID-X" }, ErrUnknown},
		{"bad signature", 0, func(m *Message) { m.Sig.S = scalar("s") }, ErrSignature},
		{"no signature", 0, func(m *Message) { m.Sig = Signature{} }, ErrSignature},
		{"late and bad", delta + time.Second, func(m *Message) { m.Sig.S = scalar("s") }, ErrStale},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			m, err := w.by[DM].Send(DMMS, thyme.fields(DMMS), noon, w.k())
			if err != nil {
				t.Fatal(err)
			}
			tt.bend(&m)
			before := w.c.Count()
			_, err = w.by[MS].Receive(DMMS, m, noon.Add(tt.late), w.k())
			if !errors.Is(err, tt.want) {
				t.Fatalf("Receive = %v, want %v", err, tt.want)
			}
			left := w.c.Count() != before || w.c.Download(thyme.IDBC) != History{}
			if left != (tt.want == nil) {
				t.Errorf("something stored: %t, want %t", left, tt.want == nil)
			}
		})
	}
}

// Attack 000-01..06 and 000-07: the print does withstand a changed field and a
// borrowed identity. The breaks below mean something only because of it.
func TestChangedFieldIsRefused(t *testing.T) {
	w := newWorld()
	for i, m := range w.trade(t, thyme) {
		x := Exchange(i)
		for _, f := range x.Fields() {
			bent := m
			bent.Fields[f] = flip(m.Fields[f], f)
			if f == ID {
				bent.Fields[ID] = w.other[x.From()].ID
			}
			if _, err := w.by[x.To()].Receive(x, bent, noon, w.k()); !errors.Is(err, ErrSignature) {
				t.Errorf("%v with field %d changed: %v, want %v", x, f, err, ErrSignature)
			}
		}
		thief := &Party{Role: x.From(), KeyPair: w.other[x.From()].KeyPair, Centre: w.c, DeltaT: delta}
		thief.ID = m.Fields[ID]
		forged, err := thief.Send(x, m.Fields, noon, w.k())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.by[x.To()].Receive(x, forged, noon, w.k()); !errors.Is(err, ErrSignature) {
			t.Errorf("%v by somebody else's key: %v, want %v", x, err, ErrSignature)
		}
	}
}

// flip changes the last byte; a timestamp stays one.
func flip(s string, f Field) string {
	b := []byte(s)
	if f == TS {
		b[len(b)-1] = '0' + (b[len(b)-1]-'0'+1)%10
	} else {
		b[len(b)-1] ^= 1
	}
	return string(b)
}

// IV-D: what the contracts store, under the centre's signature.
func TestContractsStoreTheirFields(t *testing.T) {
	w := newWorld()
	w.trade(t, thyme)
	for x := DMMS; x <= DDDM; x++ {
		rows := w.c.Rows(x)
		if len(rows) != 1 {
			t.Fatalf("%v holds %d rows, want 1", x, len(rows))
		}
		for _, f := range exchanges[x].columns {
			if rows[0].Fields[f] == "" {
				t.Errorf("%v: column %d is empty", x, f)
			}
		}
		if err := w.c.VerifyRow(x, rows[0]); err != nil {
			t.Errorf("%v: verify line: %v", x, err)
		}
		if !w.c.Check(x, rows[0].Fields) {
			t.Errorf("%vchk = false after %vins", x, x)
		}
		if w.c.Check(x, Fields{IDBC: "other"}) {
			t.Errorf("%vchk = true for an unknown id", x)
		}
	}
	row := w.c.Rows(DMMS)[0]
	row.Fields[Detail] += "0"
	if err := w.c.VerifyRow(DMMS, row); !errors.Is(err, ErrContract) {
		t.Errorf("verify line of a changed row = %v, want %v", err, ErrContract)
	}
	if err := w.c.Insert(DMMS, Fields{ID: "ID-X"}, w.k()); !errors.Is(err, ErrUnknown) {
		t.Errorf("Insert for a stranger = %v, want %v", err, ErrUnknown)
	}
}

// IV-I, steps 1–4, equations 68–73: order, blame and the good end.
func TestThirdParty(t *testing.T) {
	w := newWorld()
	w.trade(t, thyme)
	for _, tt := range []struct {
		exchange Exchange
		text     string
		want     error
	}{
		{DDDM, "step 1, equation 68", ErrExpiry},
		{DMDD, "step 1, equation 69", ErrExpiry},
		{DADM, "step 2, equation 70", ErrCertificate},
		{DMDA, "step 2, equation 71", ErrCertificate},
		{MSDM, "step 3, equation 72", ErrMaterial},
		{DMMS, "step 3, equation 73", ErrMaterial},
	} {
		bends := map[string]func(h *History){
			"BC":      func(h *History) { h.BCs[tt.exchange] = flip(h.BCs[tt.exchange], Prev) },
			"r":       func(h *History) { h.Sigs[tt.exchange].R = scalar("r") },
			"s":       func(h *History) { h.Sigs[tt.exchange].S = scalar("s") },
			"missing": func(h *History) { h.Sigs[tt.exchange] = Signature{} },
			"all older too": func(h *History) {
				for x := DMMS; x <= tt.exchange; x++ {
					h.BCs[x] = ""
				}
				if tt.exchange > DMDD { // 68 comes before 69
					h.BCs[DMDD] = ""
				}
			},
		}
		for name, bend := range bends {
			h := w.c.Download(thyme.IDBC)
			bend(&h)
			err := h.Verify(w.by[DA].Q, new(Ops))
			if !errors.Is(err, tt.want) || !strings.HasPrefix(fmt.Sprint(err), tt.text) {
				t.Errorf("%v, %s: Verify = %v, want %s: %v", tt.exchange, name, err, tt.text, tt.want)
			}
		}
	}
	h := w.c.Download(thyme.IDBC)
	h.Cert = h.Cert[1:]
	if err := h.Verify(w.by[DA].Q, new(Ops)); !errors.Is(err, ErrCertificate) || !errors.Is(err, ErrSignature) {
		t.Errorf("changed Cert_D: Verify = %v, want %v", err, ErrCertificate)
	}
	if err := w.c.Download(thyme.IDBC).Verify(w.by[DM].Q, new(Ops)); !errors.Is(err, ErrCertificate) {
		t.Errorf("Cert_D under another key: Verify = %v, want %v", err, ErrCertificate)
	}
	if err := w.legal(thyme.IDBC); err != nil {
		t.Errorf("honest history: Verify = %v, want nil", err)
	}
	if err := w.legal("unknown"); !errors.Is(err, ErrExpiry) {
		t.Errorf("unknown ID_BC: Verify = %v, want %v", err, ErrExpiry)
	}
}
