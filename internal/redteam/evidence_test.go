package redteam

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/client"
	"theriac/envelope"
	"theriac/internal/organisation"
	paper "theriac/internal/paper/pedigree"
	"theriac/pedigree"
)

// evidence returns the bundle of a pack, as its holder hands it to anybody.
func (w *world) evidence(t testing.TB, code string) []byte {
	t.Helper()
	raw, err := w.pharmacy.API.Bundle(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// judge verifies the evidence of a pack with the pinned trust root.
func (w *world) judge(t testing.TB, code string) theriac.Verdict {
	t.Helper()
	return w.verify(t, w.evidence(t, code))
}

func (w *world) verify(t testing.TB, raw []byte) theriac.Verdict {
	t.Helper()
	trust, err := theriac.ParseTrust(w.Trust)
	if err != nil {
		t.Fatal(err)
	}
	b, err := theriac.ParseBundle(raw)
	if err != nil {
		t.Fatal(err)
	}
	return b.Verify(trust, time.Now())
}

// tooLate is how much later evidence is too old for any trust root made here.
const tooLate = (organisation.MaxAge + 60) * time.Second

func (w *world) verifyAt(t testing.TB, raw []byte, later time.Duration) theriac.Verdict {
	t.Helper()
	trust, err := theriac.ParseTrust(w.Trust)
	if err != nil {
		t.Fatal(err)
	}
	b, err := theriac.ParseBundle(raw)
	if err != nil {
		t.Fatal(err)
	}
	return b.Verify(trust, time.Now().Add(later))
}

// codeOf returns the code of a verdict's reason.
func codeOf(v theriac.Verdict) string { code, _, _ := strings.Cut(v.Reason, ":"); return code }

// bent returns the evidence with something changed.
func bent(t testing.TB, raw []byte, bend func(b *theriac.Bundle)) []byte {
	t.Helper()
	b, err := theriac.ParseBundle(raw)
	if err != nil {
		t.Fatal(err)
	}
	bend(b)
	out, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func drop(list []theriac.Exchange, typ string) []theriac.Exchange {
	out := []theriac.Exchange{}
	for _, x := range list {
		if x.Type != typ {
			out = append(out, x)
		}
	}
	return out
}

// exchanges returns the messages of a case by their type, as everybody may read them.
func exchanges(t testing.TB, w *world, id string) map[string]theriac.Exchange {
	t.Helper()
	out := map[string]theriac.Exchange{}
	for _, x := range *get[[]theriac.Exchange](t, w.office, "/v1/cases", url.Values{"case": {id}}) {
		out[x.Type] = x
	}
	return out
}

// job runs a release to its end.
func (w *world) job(t testing.TB, r api.Release) *api.Job {
	t.Helper()
	j, err := client.Post[api.Job](t.Context(), w.dm.API, "/v1/batches", "", r)
	if err == nil {
		j, err = w.dm.API.Watch(t.Context(), j.ID.String(), func(api.Job) {})
	}
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// Attack 000-18: somebody who believes nobody verifies the evidence of a running
// organisation offline, by a program that shares no code with ours, and comes to
// the same verdict: on the genuine, on a changed byte of it, on a dispensed pack.
// (The root package runs it over all kinds of bundles.)
func TestAttack000_18(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("node is missing: the independent verifier was not run")
		}
		t.Skip("SKIPPED: node is missing, so testdata/verify.mjs verified nothing")
	}
	w := stage(t)
	k := (&walk{w: w, last: 8}).run(t)
	name := filepath.Join(t.TempDir(), "bundle.json")
	judged := func(what string, raw []byte) theriac.Outcome {
		t.Helper()
		v, status := w.byCommand(t, raw)
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), node, "../../testdata/verify.mjs", filepath.Join(w.Dir, "trust.json"), name)
		out, err := cmd.Output()
		if got := cmd.ProcessState.ExitCode(); got != status || !strings.HasPrefix(string(out), string(v.Verdict)) {
			t.Errorf("%s: node says %d %q (%v), the command %d %s: %s", what, got, out, err, status, v.Verdict, v.Reason)
		}
		return v.Verdict
	}
	good := w.evidence(t, k.code(t, 0))
	if got := judged("genuine", good); got != theriac.Genuine {
		t.Errorf("genuine: %s", got)
	}
	judged("another lot of material", bent(t, good, func(b *theriac.Bundle) { b.Transformation[len(b.Transformation)/2] ^= 1 }))
	judged("no approval", bent(t, good, func(b *theriac.Bundle) { b.Exchanges = drop(b.Exchanges, pedigree.TypeDecision) }))
	body, err := json.Marshal(api.Move{Packs: []string{k.code(t, 0)}, From: "active", To: "dispensed"})
	if err != nil {
		t.Fatal(err)
	}
	if a := w.request(t, http.MethodPost, w.pharmacy, "/v1/moves", w.pharmacy.token, body); a.status != http.StatusOK {
		t.Fatalf("dispense: %+v", a)
	}
	if got := judged("dispensed", w.evidence(t, k.code(t, 0))); got != theriac.Refused {
		t.Errorf("dispensed: %s", got)
	}
}

// Attack 000-20: whoever keeps the evidence puts junk in the place of (r, s) and BC,
// mixes the exchanges of two drugs, and changes their order. The command names the
// step and the party as the paper does, and proves nothing against anybody.
func TestAttack000_20(t *testing.T) {
	t.Parallel()
	w := stage(t)
	k, other := (&walk{w: w, last: 8}).run(t), (&walk{w: w, last: 8}).run(t)
	good := w.evidence(t, k.code(t, 0))
	if v, status := w.byCommand(t, good); v.Verdict != theriac.Genuine || status != 0 {
		t.Fatalf("before the attack: %d, %+v", status, v)
	}
	foreign := exchanges(t, w, other.id)
	const another = "that of another drug"
	for typ, want := range blamed() {
		refused := func(what string, bend func(x *theriac.Exchange)) {
			t.Helper()
			want := want
			if typ == pedigree.TypeDistribution && what == another {
				// Then there is none of this pack, and only the manufacturer makes any.
				want.role, want.text = "manufacturer", "tampered by the manufacturer"
			}
			v, status := w.byCommand(t, bent(t, good, func(b *theriac.Bundle) {
				for i := range b.Exchanges {
					if b.Exchanges[i].Type == typ {
						bend(&b.Exchanges[i])
					}
				}
			}))
			if v.Verdict != theriac.Refused || status != 1 || v.Step != want.step || v.Blame != want.role || v.Proven || !strings.Contains(v.Reason, want.text) {
				t.Errorf("%s, %s: status %d, %s, step %s, %s blamed, proven %v: %s; want %+v", typ, what, status, v.Verdict, v.Step, v.Blame, v.Proven, v.Reason, want)
			}
		}
		junk := paper.Signature{R: random(), S: random()}
		refused("junk for (r, s) and its BC", func(x *theriac.Exchange) {
			if envelope.LowS(junk.Bytes()) != nil {
				junk = paper.Twin(junk)
			}
			x.Envelope = x.Envelope[:strings.LastIndexByte(x.Envelope, '.')+1] + canon.Text(junk.Bytes())
			x.Anchor.Paper = canon.Sum(junk.Bytes())
		})
		refused("junk for BC", func(x *theriac.Exchange) { x.Anchor.Paper = canon.Sum([]byte("junk")) })
		refused("another signature of its receiver", func(x *theriac.Exchange) { x.Anchor.Signature[40] ^= 1 })
		refused(another, func(x *theriac.Exchange) { *x = foreign[typ] })
		refused("its letter in another body", func(x *theriac.Exchange) { x.Body = foreign[typ].Body })
	}
	w.reorder(t, good, foreign)
	w.flipEvidence(t, good)

	p := newPrint()
	p.trade(t, "a")
	p.trade(t, "b")
	a, b := p.Download("a"), p.Download("b")
	a.Sigs[paper.MSDM], a.BCs[paper.MSDM] = b.Sigs[paper.MSDM], b.BCs[paper.MSDM]
	junk := paper.Signature{R: random(), S: random()}
	a.Sigs[paper.DMDD], a.BCs[paper.DMDD] = junk, paper.BC(junk)
	if err := a.Verify(p.by[paper.DA].Q, new(paper.Ops)); err != nil {
		t.Errorf("control: the print refuses junk and another drug's supply: %v", err)
	}
}

// reorder changes which exchanges the evidence has, and their order.
func (w *world) reorder(t *testing.T, good []byte, foreign map[string]theriac.Exchange) {
	t.Helper()
	for what, bend := range map[string]func(b *theriac.Bundle){
		"approval before dossier": func(b *theriac.Bundle) { swap(b, pedigree.TypeDossier, pedigree.TypeDecision) },
		"supply before request":   func(b *theriac.Bundle) { swap(b, pedigree.TypeMaterialRequest, pedigree.TypeMaterialSupply) },
		"turned round":            func(b *theriac.Bundle) { slices.Reverse(b.Exchanges) },
		"nothing":                 func(b *theriac.Bundle) { b.Exchanges = []theriac.Exchange{} },
		"a drug more":             func(b *theriac.Bundle) { b.Exchanges = append(b.Exchanges, foreign[pedigree.TypeSalesStatus]) },
		"a second copy":           func(b *theriac.Bundle) { b.Exchanges = append(b.Exchanges, b.Exchanges[len(b.Exchanges)-1]) },
	} {
		if v, status := w.byCommand(t, bent(t, good, bend)); v.Verdict != theriac.Refused || status != 1 || v.Proven {
			t.Errorf("%s: status %d, %+v", what, status, v)
		}
	}
}

// An accused is whom the paper names where an exchange fails, and in which words.
type accused struct {
	step pedigree.Step
	role string
	text string
}

func blamed() map[string]accused {
	distribution := accused{pedigree.StepDistribution, "distributor", "the expiry date is tampered by the distributor"}
	approval := accused{pedigree.StepApproval, "manufacturer", "the certificate is forged by the manufacturer, the drug is not approved by the drug administration"}
	material := accused{pedigree.StepMaterial, "supplier", "the material content is tampered by the supplier"}
	return map[string]accused{
		pedigree.TypeSalesStatus: distribution, pedigree.TypeDistribution: distribution,
		pedigree.TypeDecision: approval, pedigree.TypeDossier: approval,
		pedigree.TypeMaterialSupply: material, pedigree.TypeMaterialRequest: material,
	}
}

func swap(b *theriac.Bundle, one, two string) {
	at := func(typ string) int {
		return slices.IndexFunc(b.Exchanges, func(x theriac.Exchange) bool { return x.Type == typ })
	}
	i, j := at(one), at(two)
	b.Exchanges[i], b.Exchanges[j] = b.Exchanges[j], b.Exchanges[i]
}

// byCommand verifies evidence with the built command, offline.
func (w *world) byCommand(t *testing.T, raw []byte) (theriac.Verdict, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command(t), "verify", "--json", "--trust", filepath.Join(w.Dir, "trust.json"), "-")
	cmd.Stdin = bytes.NewReader(raw)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var v theriac.Verdict
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return v, cmd.ProcessState.ExitCode()
}

// flipEvidence flips a bit of bytes all over the evidence: none may stay genuine.
func (w *world) flipEvidence(t *testing.T, good []byte) {
	t.Helper()
	trust, err := theriac.ParseTrust(w.Trust)
	if err != nil {
		t.Fatal(err)
	}
	const step = 97 // every byte takes a minute; package theriac's own tests do that
	for at := 0; at < len(good); at += step {
		raw := bytes.Clone(good)
		raw[at] ^= 1 << (at % 7)
		b, err := theriac.ParseBundle(raw)
		if err != nil {
			continue
		}
		if v := b.Verify(trust, time.Now()); v.Verdict != theriac.Refused || v.Proven {
			t.Errorf("byte %d of %d: %s, proven %v: %s", at, len(good), v.Verdict, v.Proven, v.Reason)
		}
	}
}
