package device

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/merkle"
	"theriac/refusal"
)

// A town is organisations with a ledger, each with a server that answers devices: the
// real contracts, behind as much of the API as devices use.
type town struct {
	*ledgertest.World
	mu      sync.Mutex
	offices map[string]*office // by GLN
	kept    map[canon.Digest]*kept
}

// kept is what the ledger does not have of a registration. The message that carries
// goods is not in this town: a consignee's office finds it here.
type kept struct {
	marks  chain.Hashes
	sealed []byte
}

type office struct {
	*town
	org    *ledgertest.Org
	seal   hpke.PrivateKey
	server *httptest.Server
	keys   map[canon.Digest][]api.LineKey // that were put, by line
	before func(*http.Request) error
	lose   map[string]int      // answers by path, that are lost after the work was done
	answer func(v any) any     // what a lying server makes of an answer
	heard  map[string][][]byte // bodies by method and path
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// newTown opens an office for maker, distributor and pharmacy. Packs [50, 100) of 100
// are the maker's.
func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{World: ledgertest.NewWorld(t), offices: map[string]*office{}, kept: map[canon.Digest]*kept{}}
	w.Story(100)
	for _, o := range []*ledgertest.Org{w.DM, w.MS, w.DD, w.Pharmacy} {
		x := &office{town: w, org: o, seal: must(hpke.DHKEM(ecdh.P256()).GenerateKey())(t), keys: map[canon.Digest][]api.LineKey{}, lose: map[string]int{}, heard: map[string][][]byte{}}
		x.server = httptest.NewServer(x.handler())
		t.Cleanup(x.server.Close)
		w.offices[o.GLN] = x
		w.Admit(o.Tx(w.Now, chain.KindProfile, chain.Profile{Name: o.Name, Endpoint: x.server.URL, SealKey: x.seal.PublicKey().Bytes()}))
	}
	return w
}

func (w *town) office(o *ledgertest.Org) *office { return w.offices[o.GLN] }

func (o *office) client(t testing.TB) *client.Client {
	return must(client.New(o.server.URL, "token"))(t)
}

// errLost is of an answer that was given, and came nowhere.
var errLost = errors.New("lost")

func (o *office) handler() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern string, do func(r *http.Request, body []byte) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			o.mu.Lock()
			v, err := o.work(pattern, r, do)
			o.mu.Unlock()
			if errors.Is(err, errLost) {
				// Half an answer: a connection that breaks before is asked again by net/http.
				w.Header().Set("Content-Length", "100")
				_, _ = w.Write([]byte("{"))
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
			respond(w, v, err)
		})
	}
	on("GET /v1/status", func(*http.Request, []byte) (any, error) {
		return api.Status{GLN: o.org.GLN, Chain: ledgertest.ChainID}, nil
	})
	on("GET /v1/members", func(*http.Request, []byte) (any, error) { return o.members(), nil })
	on("GET /v1/batches", func(*http.Request, []byte) (any, error) {
		if o.org != o.DM {
			return api.Batches{}, nil
		}
		return api.Batches{Items: []api.Batch{{ID: o.Batch, GTIN: o.Product, Lot: "L42", Size: 100}}}, nil
	})
	on("GET /v1/stock", func(*http.Request, []byte) (any, error) {
		return api.Stock{Items: []api.Holding{{Batch: o.Batch, GTIN: o.Product, Lot: "L42", Size: 100}}}, nil
	})
	on("GET /v1/batches/{id}/packs", func(r *http.Request, _ []byte) (any, error) { return o.printed(r), nil })
	on("GET /v1/things", o.thing)
	o.lines(on)
	o.registrations(on)
	return mux
}

func (o *office) work(pattern string, r *http.Request, do func(*http.Request, []byte) (any, error)) (any, error) {
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		return nil, err
	}
	o.heard[pattern] = append(o.heard[pattern], body.Bytes())
	if o.before != nil {
		if err := o.before(r); err != nil {
			return nil, err
		}
	}
	v, err := do(r, body.Bytes())
	if err == nil && o.answer != nil {
		v = o.answer(v)
	}
	if o.lose[pattern] > 0 {
		o.lose[pattern]--
		return nil, errLost
	}
	return v, err
}

func respond(w http.ResponseWriter, v any, err error) {
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		v = api.Problem{Code: refusal.Code(err), Detail: err.Error()}
	}
	_ = json.NewEncoder(w).Encode(v)
}

func (o *office) members() []api.Member {
	var out []api.Member
	for _, x := range o.offices {
		out = append(out, api.Member{
			GLN: x.org.GLN, Name: x.org.Name, Status: "active", Endpoint: x.server.URL, Prefixes: x.org.Prefixes, SealKey: x.seal.PublicKey().Bytes(),
		})
	}
	return out
}

func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		panic(err) // net/http answers with a broken connection, and the test fails
	}
	return n
}

// named reads a digest in a path.
func (o *office) named(r *http.Request, name string) canon.Digest {
	d, err := canon.ParseDigest(r.PathValue(name))
	if err != nil {
		panic(err)
	}
	return d
}

func (o *office) printed(r *http.Request) []api.Printed {
	out := []api.Printed{}
	from, n := number(r.FormValue("from")), number(r.FormValue("limit"))
	for i := from; i < min(from+n, 100); i++ {
		out = append(out, api.Printed{Index: i, Code: o.codeOf(i)})
	}
	return out
}

// codeOf is what stands on a pack.
func (w *town) codeOf(place uint64) string {
	p := w.Packs[place]
	return fmt.Sprintf("(01)%s(17)290331(10)%s(21)%s", p.GTIN, p.Lot, p.Serial)
}

func (o *office) place(code string) (uint64, error) {
	id, err := gs1.ParseIdentifier(code, o.Now)
	if err != nil {
		return 0, err
	}
	for i := range o.Packs {
		if o.Packs[i].Serial == id.Serial && o.Packs[i].GTIN == id.GTIN {
			return uint64(i), nil
		}
	}
	return 0, ledger.ErrLeaf
}

func (o *office) thing(r *http.Request, _ []byte) (any, error) {
	code := r.FormValue("code")
	if id, err := gs1.ParseIdentifier(code, o.Now); err == nil && id.Serial == "" {
		lot, err := id.LGTIN()
		if err != nil {
			return nil, err
		}
		var at api.Thing
		if raw := o.State.Records[string(chain.MaterialKey(lot))]; raw != nil {
			o.Read(chain.MaterialKey(lot), &at.Registration)
		}
		return at, nil
	}
	place, err := o.place(code)
	if err != nil {
		return nil, err
	}
	at := api.Thing{Batch: o.Batch, Place: place}
	if o.State.Records[string(chain.UnitsKey(o.Batch, 0))] != nil {
		var page chain.Page
		o.Read(chain.UnitsKey(o.Batch, 0), &page)
		at.Registration = page.Registration(place)
	}
	if !at.Registration.IsZero() {
		terms := chain.Terms(o.registration(at.Registration).Terms)
		at.Index, _ = terms.Mark(place)
	}
	return at, nil
}

type handle = func(string, func(*http.Request, []byte) (any, error))

func (o *office) line(id canon.Digest) (*api.Line, error) {
	if o.State.Records[string(chain.LineKey(id))] == nil {
		return nil, ledger.ErrUnknownLine
	}
	var l chain.Line
	o.Read(chain.LineKey(id), &l)
	out := &api.Line{ID: id, Maker: l.Maker, GTIN: l.Put.GTIN, Criteria: l.Put.Criteria, Epoch: l.Put.Epoch, At: l.At}
	for _, d := range l.Put.Devices {
		out.Devices = append(out.Devices, api.LineDevice{ID: kidOf(d.Point), Point: d.Point, Seal: d.Seal, Operator: d.Operator})
	}
	return out, nil
}

func (o *office) lines(on handle) {
	on("GET /v1/lines", func(*http.Request, []byte) (any, error) {
		out := api.Lines{Items: []api.Line{}}
		for _, gtin := range []gs1.GTIN{o.Product, o.Lot.GTIN} {
			if l, err := o.line(chain.LineID(o.org.GLN, gtin)); err == nil {
				out.Items = append(out.Items, *l)
			}
		}
		return out, nil
	})
	on("GET /v1/lines/{line}", func(r *http.Request, _ []byte) (any, error) {
		return o.line(o.named(r, "line"))
	})
	on("GET /v1/lines/{line}/keys/{device}", func(r *http.Request, _ []byte) (any, error) {
		id, device := o.named(r, "line"), o.named(r, "device")
		l, err := o.line(id)
		if err != nil {
			return nil, err
		}
		if l.Maker != o.org.GLN || !slices.ContainsFunc(l.Devices, func(d api.LineDevice) bool { return d.ID == device }) {
			return nil, supply.ErrUnknown
		}
		out := api.LineKeys{Line: *l, Items: []api.LineKey{}}
		for _, k := range slices.Backward(o.keys[id]) {
			if k.Device == device && k.Epoch <= l.Epoch {
				out.Items = append(out.Items, k)
			}
		}
		return out, nil
	})
	on("PUT /v1/lines", o.putLine)
}

// putLine keeps the first key of a device and epoch, and refuses another, as the desk
// does.
func (o *office) putLine(_ *http.Request, body []byte) (any, error) {
	var u api.LineUpdate
	if err := json.Unmarshal(body, &u); err != nil {
		return nil, err
	}
	put := chain.PutLine{GTIN: u.GTIN, Criteria: u.Criteria, Epoch: u.Epoch}
	for _, d := range u.Devices {
		put.Devices = append(put.Devices, chain.Device{Point: d.Point, Seal: d.Seal, Operator: d.Operator})
	}
	id := chain.LineID(o.org.GLN, u.GTIN)
	var fresh []api.LineKey
	for _, k := range u.Keys {
		i := slices.IndexFunc(o.keys[id], func(x api.LineKey) bool { return x.Device == k.Device && x.Epoch == k.Epoch })
		switch {
		case i < 0:
			fresh = append(fresh, k)
		case !bytes.Equal(o.keys[id][i].Sealed, k.Sealed):
			return nil, supply.ErrExists
		}
	}
	if r := o.Block(o.org.Tx(o.Now, chain.KindLine, put))[0]; r.Err() != nil {
		return nil, r.Err()
	}
	o.keys[id] = append(o.keys[id], fresh...)
	return o.line(id)
}

func (o *office) registration(id canon.Digest) *api.Registration {
	var r chain.Registration
	o.Read(chain.RegistrationKey(id), &r)
	return &api.Registration{ID: id, Terms: api.Terms(r.Terms), From: r.From, Device: r.Device, At: r.At, Size: r.Terms.Size(), Before: r.Before}
}

// once returns the transaction that a key names.
func (o *office) once(r *http.Request, kind chain.Kind, arg any) []byte {
	tx := o.org.Plain(o.Now, kind, arg)
	d := sha256.Sum256([]byte(r.Header.Get("Idempotency-Key")))
	tx.ID = canon.ID(d[:16])
	return o.org.Sign(tx)
}

func (o *office) registrations(on handle) {
	on("POST /v1/registrations", func(r *http.Request, body []byte) (any, error) {
		var in api.Registering
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		if canon.Digest(merkle.Root(in.Marks)) != in.Terms.Root {
			return nil, ledger.ErrRegistration
		}
		res := o.Block(o.once(r, chain.KindRegister, chain.Register{Terms: chain.Terms(in.Terms), Device: in.Device, Signature: in.Signature}))[0]
		if res.Err() != nil {
			return nil, res.Err()
		}
		id := chain.RegistrationID(res.Operation)
		o.kept[id] = &kept{in.Marks, in.Consignment}
		return o.registration(id), nil
	})
	on("GET /v1/registrations", func(*http.Request, []byte) (any, error) {
		out := api.Registrations{Items: []api.Registration{}}
		for id := range o.kept {
			if x := o.registration(id); x.Terms.To == o.org.GLN {
				out.Items = append(out.Items, *x)
			}
		}
		slices.SortFunc(out.Items, func(a, b api.Registration) int { return int(b.At - a.At) })
		return out, nil
	})
	of := func(r *http.Request) canon.Digest {
		return must(canon.ParseDigest(r.PathValue("id")))(o.T.(testing.TB))
	}
	on("GET /v1/registrations/{id}", func(r *http.Request, _ []byte) (any, error) { return o.registration(of(r)), nil })
	on("GET /v1/registrations/{id}/marks/{index}", func(r *http.Request, _ []byte) (any, error) {
		i := number(r.PathValue("index"))
		path, err := genuine.MarkPath(o.kept[of(r)].marks, i)
		return api.Mark{Leaf: canon.Digest(o.kept[of(r)].marks[i]), Path: path}, err
	})
	on("GET /v1/registrations/{id}/transactions/{index}", func(r *http.Request, _ []byte) (any, error) {
		return o.transaction(of(r), number(r.PathValue("index")), r.FormValue("code"))
	})
	on("POST /v1/identifications", func(r *http.Request, body []byte) (any, error) {
		var in api.Identifying
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		path, err := genuine.MarkPath(o.kept[in.Registration].marks, in.Index)
		if err != nil {
			return nil, err
		}
		res := o.Block(o.once(r, chain.KindIdentify, chain.Identify{
			Registration: in.Registration, Index: in.Index, Path: path, Place: in.Place, Nonce: in.Nonce,
			Key: in.Answer.Key, Proof: in.Answer.Proof, Device: in.Answer.Device, Signature: in.Answer.Signature,
		}))[0]
		return api.Done{Operation: res.Operation, Index: res.Index}, res.Err()
	})
}
