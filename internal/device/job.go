package device

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/refusal"
)

// errJob is returned for what cannot be registered so.
var errJob = refusal.New("bad_job", "this cannot be registered so")

// A Job says what is to be registered, and for whom: packs of a batch, each with a mark
// of its own; with Whole one mark for all of them, in a case or pallet; or a lot of raw
// material.
type Job struct {
	GTIN     gs1.GTIN          `json:"gtin"`
	Batch    string            `json:"batch,omitempty"` // its lot, or its name on the ledger
	Packs    chain.Range       `json:"packs,omitzero"`  // none: those that are scanned
	Whole    bool              `json:"whole,omitempty"`
	Item     string            `json:"item,omitempty"` // code of the whole, or of the lot of material
	Material bool              `json:"material,omitempty"`
	To       string            `json:"to"`
	Place    string            `json:"place"`
	Counter  uint64            `json:"counter,omitempty"` // 0: the next
	Fields   map[string]string `json:"fields,omitempty"`
}

func (j *Job) check() error {
	refuse := func(why string) error { return fmt.Errorf("%w: %s", errJob, why) }
	switch {
	case j.GTIN.Check() != nil:
		return refuse("the GTIN is none")
	case gs1.GLN(j.To).Check() != nil || gs1.GLN(j.Place).Check() != nil:
		return refuse("consignee and place are GLNs")
	case j.Material && (j.Whole || j.Batch != "" || j.Packs != chain.Range{}):
		return refuse("a lot of material has no packs")
	case !j.Material && j.Batch == "":
		return refuse("packs are of a batch")
	case (j.Material || j.Whole) != (j.Item != ""):
		return refuse("one thing has one code, packs have each their own")
	case j.Whole && j.Packs.From >= j.Packs.To:
		return refuse("a whole has packs, as 0-100")
	case j.Packs.From > j.Packs.To:
		return refuse("packs are FROM-TO, from 0, without TO")
	case !j.Whole && j.Packs.To-j.Packs.From > ledger.MaxPacks:
		return refuse(fmt.Sprintf("at most %d packs at a time", ledger.MaxPacks))
	}
	// Of the free fields the first mark would say so, when all was measured.
	u := genuine.Transaction{Counter: 1, Fields: j.Fields, Item: "any", Random: canon.ID{1}}
	return u.Check()
}

// A plan is a job with what the ledger says to it.
type plan struct {
	job         *Job
	chain, from string
	line        canon.Digest
	epoch       uint64
	criteria    []genuine.Criterion
	seal        []byte // of the consignee
	batch       canon.Digest
	size        uint64    // of the batch
	item, code  string    // of the whole or lot
	lot         gs1.LGTIN // of material
	counter     uint64
	own         bool // the registrar makes the product
}

// prepare asks all that can be asked before a person puts things on instruments.
func (r *Registrar) prepare(ctx context.Context, j *Job) (*plan, error) {
	home, err := r.Device.home(ctx, r.Office)
	if err != nil {
		return nil, err
	}
	members, err := client.Get[[]api.Member](ctx, r.Office, "/v1/members", nil)
	if err != nil {
		return nil, err
	}
	if j.To == home.GLN {
		return nil, fmt.Errorf("%w: it is registered for somebody else", errJob)
	}
	p := &plan{job: j, chain: home.Chain, from: home.GLN, counter: j.Counter}
	if p.seal, err = sealOf(*members, j.To); err != nil {
		return nil, err
	}
	maker, err := makerOf(*members, j.GTIN)
	if err != nil {
		return nil, err
	}
	p.own, p.line = maker.GLN == home.GLN, chain.LineID(maker.GLN, j.GTIN)
	if j.Item != "" {
		if err := p.named(j); err != nil {
			return nil, err
		}
	}
	if !j.Material {
		if err := r.batch(ctx, p); err != nil {
			return nil, err
		}
		if j.Packs.To > p.size {
			return nil, fmt.Errorf("%w: the batch has %d packs", errJob, p.size)
		}
	}
	return p, r.current(ctx, p, maker)
}

// named reads the code of the one thing.
func (p *plan) named(j *Job) error {
	id, err := gs1.ParseIdentifier(j.Item, time.Now())
	if err != nil {
		return fmt.Errorf("%w: %w", errJob, err)
	}
	var lotErr error
	p.lot, lotErr = id.LGTIN()
	switch {
	case j.Material && (lotErr != nil || p.lot.GTIN != j.GTIN):
		return fmt.Errorf("%w: a lot of material is (01)%s(10)LOT", errJob, j.GTIN)
	case id.Serial != "" || id.SSCC == "" && lotErr != nil:
		return fmt.Errorf("%w: the whole has the SSCC or lot number that stands on it", errJob)
	}
	if p.item, err = genuine.Item(id); err != nil {
		return fmt.Errorf("%w: %w", errJob, err)
	}
	p.code, err = id.Bracketed()
	return err
}

// sealOf returns the key to which the transaction information is sealed.
func sealOf(members []api.Member, gln string) ([]byte, error) {
	i := slices.IndexFunc(members, func(m api.Member) bool { return m.GLN == gln })
	switch {
	case i < 0:
		return nil, fmt.Errorf("%w: no member %s", errJob, gln)
	case members[i].Status != "active" || len(members[i].SealKey) == 0:
		return nil, fmt.Errorf("%w: %s takes no consignments now", errJob, gln)
	}
	return members[i].SealKey, nil
}

// makerOf returns the member who licensed the company prefix of a product.
func makerOf(members []api.Member, gtin gs1.GTIN) (*api.Member, error) {
	i := slices.IndexFunc(members, func(m api.Member) bool { return slices.ContainsFunc(m.Prefixes, gtin.HasPrefix) })
	if i < 0 {
		return nil, fmt.Errorf("%w: no member makes %s", errJob, gtin)
	}
	return &members[i], nil
}

// current brings the device's line up to the ledger's epoch, by which alone the ledger
// takes registrations, and notes its criteria.
func (r *Registrar) current(ctx context.Context, p *plan, maker *api.Member) error {
	l, err := loadLine(r.Device.folder, p.line)
	if err != nil {
		return err
	}
	if l != nil && l.Maker != nil {
		err = r.Device.confirm(ctx, r.Office, l)
	} else {
		shows := r.Office
		if !p.own {
			shows, err = r.Reach(maker.Endpoint)
		}
		if err == nil {
			err = r.Device.fetch(ctx, shows, p.chain, p.line)
		}
	}
	if err != nil {
		return err
	}
	if l, err = loadLine(r.Device.folder, p.line); err != nil {
		return err
	}
	k, err := r.Device.lineKey(p.chain, p.line, l.Record.Epoch)
	if err != nil {
		return err
	}
	clear(k.J[:])
	p.epoch, p.criteria = k.Epoch, k.Criteria
	return nil
}

// confirm makes sure that the ledger has a line as the device made it.
func (d *Device) confirm(ctx context.Context, office *client.Client, l *line) error {
	now, err := ownLine(ctx, office, l.Record.ID)
	if err != nil {
		return err
	}
	if _, ok := l.settle(now); !ok || now == nil {
		return errElsewhere
	}
	return d.saveLine(l)
}

// batch finds the batch of a job among the organisation's own and those in its custody.
func (r *Registrar) batch(ctx context.Context, p *plan) error {
	is := func(gtin gs1.GTIN, lot gs1.Lot, id canon.Digest) bool {
		return gtin == p.job.GTIN && (string(lot) == p.job.Batch || id.String() == p.job.Batch)
	}
	err := pages(ctx, r.Office, "/v1/batches", func(page *api.Batches) (string, bool) {
		for _, b := range page.Items {
			if is(b.GTIN, b.Lot, b.ID) {
				p.batch, p.size = b.ID, b.Size
			}
		}
		return page.Next, p.size > 0
	})
	if err != nil || p.size > 0 {
		return err
	}
	err = pages(ctx, r.Office, "/v1/stock", func(page *api.Stock) (string, bool) {
		for _, b := range page.Items {
			if is(b.GTIN, b.Lot, b.Batch) {
				p.batch, p.size = b.Batch, b.Size
			}
		}
		return page.Next, p.size > 0
	})
	if err == nil && p.size == 0 {
		err = fmt.Errorf("%w: no batch %.40q of %s is here", errJob, p.job.Batch, p.job.GTIN)
	}
	return err
}

// pages reads a list until each says that it has enough, or the list ends.
func pages[T any](ctx context.Context, c *client.Client, path string, each func(*T) (next string, enough bool)) error {
	q := url.Values{"limit": {"200"}}
	if before, query, ok := strings.Cut(path, "?"); ok {
		more, err := url.ParseQuery(query)
		if err != nil {
			return err
		}
		path, more["limit"] = before, q["limit"]
		q = more
	}
	for {
		page, err := client.Get[T](ctx, c, path, q)
		if err != nil {
			return err
		}
		next, enough := each(page)
		if enough || next == "" || next == q.Get("cursor") {
			return nil
		}
		q.Set("cursor", next)
	}
}
