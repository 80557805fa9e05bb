package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// parties is who sends what to whom, in the paper's letters and ours.
const parties = `
dmms/1      manufacturer   to supplier
msdm/1      supplier       to manufacturer
dmda/1      manufacturer   to administration
dadm/1      administration to manufacturer
dmdd/1      manufacturer   to distributor
dddm/1      distributor    to manufacturer
dispatch/1  distributor pharmacy hospital to distributor pharmacy hospital manufacturer
receipt/1   distributor pharmacy hospital manufacturer to distributor pharmacy hospital
report/1    governor administration supplier manufacturer distributor pharmacy hospital courier to manufacturer administration
`

// follows is what each message may follow; the first opens a case.
const follows = `
dmms/1      nothing
msdm/1      dmms/1
dmda/1      msdm/1 dadm/1
dadm/1      dmda/1
dmdd/1      dadm/1
dddm/1      dmdd/1
dispatch/1  dmdd/1 dispatch/1
receipt/1   dispatch/1
report/1    nothing
`

// lines returns the fields of each line of a table, by its first field.
func lines(table string) map[string][]string {
	out := map[string][]string{}
	for _, l := range strings.Split(strings.TrimSpace(table), "\n") {
		f := strings.Fields(l)
		out[f[0]] = f[1:]
	}
	return out
}

// contents returns something to say for each type, right as to form.
func (w *town) contents() []pedigree.Content {
	d := w.Dossiers()
	return []pedigree.Content{
		content(w.Request), content(w.Supply), content(w.Dossier),
		&pedigree.Decision{Decision: pedigree.Refused, Reasons: "none"},
		content(w.Distribution), content(w.Status),
		&pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(25, 30)}},
		&pedigree.Receipt{Differences: d.Product},
		&pedigree.ReportNotice{Report: w.report()},
	}
}

// report returns a report that somebody signed.
func (w *town) report() string {
	w.T.Helper()
	r, err := pedigree.SignReport(w.Courier.Key, pedigree.ReportClaims{
		Chain: ledgertest.ChainID, Code: "(01)04000003000010", ID: ledgertest.NewID(), Kind: pedigree.SuspectedFake, Text: "no seal",
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return string(r.Raw())
}

// Attack 000-21: every exchange between members of every pair of roles.
func TestExchangeRoles(t *testing.T) {
	w := newTown(t)
	orgs := []*ledgertest.Org{w.BCC, w.DA, w.MS, w.DM, w.DD, w.Pharmacy, w.Hospital, w.Courier}
	table := lines(parties)
	for _, c := range w.contents() {
		may := table[c.Type()]
		to := slices.Index(may, "to")
		for _, from := range orgs {
			for _, receiver := range orgs {
				allowed := slices.Contains(may[:to], string(from.Roles[0])) && slices.Contains(may[to:], string(receiver.Roles[0]))
				r := w.Try(w.send(from, receiver, c))
				if got := r.Code != "wrong_role"; got != allowed {
					t.Errorf("%s from %s to %s: %s, allowed %t", c.Type(), from.Name, receiver.Name, outcome(r), allowed)
				}
			}
		}
	}
}

// Attack 000-20: every message after every other one, and after none.
func TestExchangeOrder(t *testing.T) {
	w := newTown(t)
	before := []*envelope.Message{nil, w.Request, w.Supply, w.Dossier, w.Decision, w.Distribution, w.Status, w.Dispatch, w.Received}
	table := lines(follows)
	orgs := map[string]*ledgertest.Org{}
	for _, o := range []*ledgertest.Org{w.DA, w.MS, w.DM, w.DD, w.Pharmacy} {
		orgs[o.GLN] = o
	}
	for _, c := range w.contents() {
		x, err := pedigree.Find(c.Type())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range before {
			name, prev := "nothing", []*envelope.Message(nil)
			from, to := w.byRole(x.From[0]), w.byRole(x.To[0])
			if p != nil {
				name, prev = p.Envelope.Claims.Type, []*envelope.Message{p}
				from = orgs[p.Envelope.Claims.Audience]
				if x.Answers {
					to = orgs[p.Envelope.Claims.Issuer]
				}
			}
			allowed := slices.Contains(table[c.Type()], name)
			// A decision that asks nothing is not followed by a dossier.
			if c.Type() == pedigree.TypeDossier && p == w.Decision {
				allowed = false
			}
			r := w.Try(w.send(from, to, c, prev...))
			// The wrong party for this type is refused before its predecessor is looked at.
			if got := r.Code != "unknown_prev" && r.Code != "wrong_role"; got != allowed {
				t.Errorf("%s after %s: %s, allowed %t", c.Type(), name, outcome(r), allowed)
			}
		}
	}
}

func (w *town) byRole(r chain.Role) *ledgertest.Org {
	for _, o := range []*ledgertest.Org{w.DA, w.MS, w.DM, w.DD, w.Pharmacy, w.Hospital} {
		if o.Roles[0] == r {
			return o
		}
	}
	return w.Courier
}

var prevRefusals = []refused{
	{"supply for nothing", "unknown_prev", func(w *town) []byte { return w.send(w.MS, w.DM, content(w.Supply)) }},
	{"supply for two requests", "unknown_prev", func(w *town) []byte {
		other := w.tell(w.DM, w.MS, content(w.Request))
		return w.send(w.MS, w.DM, content(w.Supply), w.Request, other)
	}},
	{"supply for a request that was not anchored", "unknown_prev", func(w *town) []byte {
		return w.send(w.MS, w.DM, content(w.Supply), w.request())
	}},
	{"supply for a request to the other supplier", "unknown_prev", func(w *town) []byte {
		return w.send(w.MS2, w.DM, content(w.Supply), w.Request)
	}},
	{"supply to another than who asked", "unknown_prev", func(w *town) []byte {
		return w.send(w.MS, w.DM2, content(w.Supply), w.Request)
	}},
	{"request that follows", "unknown_prev", func(w *town) []byte { return w.send(w.DM, w.MS, content(w.Request), w.Supply) }},
	// Attack 000-13: the answer stands under another ID_BC.
	{"supply under another case", "wrong_case", func(w *town) []byte {
		m := w.MS.Message(w.Now, "another", w.DM, content(w.Supply), w.Request)
		return w.DM.Anchor(w.Now, m)
	}},
	{"decision on a refused case", "wrong_case", func(w *town) []byte {
		m := w.DA.Message(w.Now, "another", w.DM, &pedigree.Decision{Decision: pedigree.Refused}, w.Dossier)
		return w.DM.Anchor(w.Now, m)
	}},
	// Attack 000-20: the steps of two drugs are mixed.
	{"distribution after another's decision", "unknown_prev", func(w *town) []byte {
		return w.send(w.DM2, w.DD, content(w.Distribution), w.Decision)
	}},
}

// saying is a case in which the content of an exchange has a fault.
func saying(name, code string, say func(w *town) (from, to *ledgertest.Org, c pedigree.Content, prev *envelope.Message)) refused {
	return refused{name, code, func(w *town) []byte {
		from, to, c, prev := say(w)
		if prev == nil {
			return w.send(from, to, c)
		}
		return w.send(from, to, c, prev)
	}}
}

func request(name string, change func(*pedigree.MaterialRequest)) refused {
	return saying("request: "+name, "bad_field", func(w *town) (*ledgertest.Org, *ledgertest.Org, pedigree.Content, *envelope.Message) {
		c := &pedigree.MaterialRequest{Material: "m", Product: "p"}
		change(c)
		return w.DM, w.MS, c, nil
	})
}

func supply(name string, change func(*pedigree.MaterialSupply)) refused {
	return saying("supply: "+name, "bad_field", func(w *town) (*ledgertest.Org, *ledgertest.Org, pedigree.Content, *envelope.Message) {
		c := content(w.Supply).(*pedigree.MaterialSupply)
		change(c)
		return w.MS, w.DM, c, w.Request
	})
}

func dossier(name, code string, change func(w *town, d *pedigree.Dossier)) refused {
	return saying("dossier: "+name, code, func(w *town) (*ledgertest.Org, *ledgertest.Org, pedigree.Content, *envelope.Message) {
		d := w.Dossiers()
		change(w, d)
		return w.DM, w.DA, d, w.Supply
	})
}

var contentRefusals = []refused{
	request("no material", func(c *pedigree.MaterialRequest) { c.Material = "" }),
	request("no product", func(c *pedigree.MaterialRequest) { c.Product = "" }),
	request("long product", func(c *pedigree.MaterialRequest) { c.Product = strings.Repeat("p", 201) }),
	supply("no lots", func(c *pedigree.MaterialSupply) { c.Lots = nil }),
	supply("65 lots", func(c *pedigree.MaterialSupply) { c.Lots = slices.Repeat(c.Lots, 65) }),
	supply("no analysis", func(c *pedigree.MaterialSupply) { c.Lots[0].Analysis = canon.Digest{} }),
	supply("no such day", func(c *pedigree.MaterialSupply) { c.Lots[0].Produced = "2026-02-30" }),
	supply("day without zeros", func(c *pedigree.MaterialSupply) { c.Lots[0].Produced = "2026-2-3" }),
	supply("no material", func(c *pedigree.MaterialSupply) { c.Material = "" }),
	dossier("no documents", "bad_field", func(_ *town, d *pedigree.Dossier) { d.Documents = canon.Digest{} }),
	dossier("no product codes", "bad_field", func(_ *town, d *pedigree.Dossier) { d.GTINs = nil }),
	dossier("code twice", "bad_field", func(_ *town, d *pedigree.Dossier) { d.GTINs = append(d.GTINs, d.GTINs[0]) }),
	dossier("65 codes", "bad_field", func(_ *town, d *pedigree.Dossier) {
		for i := range 65 {
			d.GTINs = append(d.GTINs, gtin("40000030", fmt.Sprintf("%04d", 100+i)))
		}
	}),
	dossier("no material", "bad_field", func(_ *town, d *pedigree.Dossier) { d.Materials = nil }),
	dossier("65 lots", "bad_field", func(_ *town, d *pedigree.Dossier) { d.Materials = slices.Repeat(d.Materials, 65) }),
	dossier("no name", "bad_field", func(_ *town, d *pedigree.Dossier) { d.Product = "" }),
}

var dossierRefusals = []refused{
	dossier("material that nobody supplied", "unknown_material", func(_ *town, d *pedigree.Dossier) { d.Materials[0].Lot = "OTHER" }),
	saying("material supplied to another", "unknown_prev", func(w *town) (*ledgertest.Org, *ledgertest.Org, pedigree.Content, *envelope.Message) {
		return w.DM2, w.DA, w.Dossiers(), w.Supply
	}),
	saying("after an approval", "unknown_prev", func(w *town) (*ledgertest.Org, *ledgertest.Org, pedigree.Content, *envelope.Message) {
		return w.DM, w.DA, w.Dossiers(), w.Decision
	}),
	saying("material of neither dossier", "unknown_material", func(w *town) (*ledgertest.Org, *ledgertest.Org, pedigree.Content, *envelope.Message) {
		q := w.tell(w.DA, w.DM, &pedigree.Decision{Decision: pedigree.Question, Reasons: "Which?"}, w.Dossier)
		d := w.Dossiers()
		d.Materials = append(d.Materials, gs1.LGTIN{GTIN: w.Lot.GTIN, Lot: "OTHER"})
		return w.DM, w.DA, d, q
	}),
}

// Only an answer stands under the case of what it follows.
func TestCases(t *testing.T) {
	w := newTown(t)
	m := w.DD.Message(w.Now, "delivery-7", w.Pharmacy2, &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(25, 30)}}, w.Distribution)
	w.Admit(w.Pharmacy2.Anchor(w.Now, m))
	w.Refuse("wrong_case", w.send(w.Pharmacy2, w.DD, &pedigree.Receipt{Differences: "none"}, m))
	w.Admit(w.DD.Anchor(w.Now, w.Pharmacy2.Message(w.Now, "delivery-7", w.DD, &pedigree.Receipt{Differences: "none"}, m)))
}

// A question is answered by a further dossier, with material of the first.
func TestQuestion(t *testing.T) {
	w := newTown(t)
	first := w.tell(w.DM, w.DA, w.Dossiers(), w.Supply)
	question := w.tell(w.DA, w.DM, &pedigree.Decision{Decision: pedigree.Question, Reasons: "Which?"}, first)
	d := w.Dossiers()
	d.GTINs = []gs1.GTIN{gtin("40000030", "0002"), gtin("40000030", "0003")}
	second := w.tell(w.DM, w.DA, d, question)
	cert := w.DA.Credential(w.DM, d.Documents, "EU/1/26/002", w.Now, d.GTINs...)
	w.tell(w.DA, w.DM, &pedigree.Decision{Certificate: cert, Decision: pedigree.Approved}, second)
	var p chain.Product
	w.Read(chain.ProductKey(d.GTINs[0]), &p)
	if p.Holder != w.DM.GLN || p.Status != chain.Released {
		t.Errorf("product %+v", p)
	}
	w.tell(w.DA, w.DM, &pedigree.Decision{Decision: pedigree.Refused, Reasons: "no"}, w.Dossier)
}
