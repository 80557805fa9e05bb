package main

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/chainstore"
	"theriac/internal/journey"
	"theriac/internal/ledger"
	paper "theriac/internal/paper/pedigree"
	"theriac/internal/registry"
	"theriac/internal/sqlstore"
	"theriac/internal/supply"
	"theriac/lightclient"
	"theriac/pedigree"
)

// A costStory is the eight exchanges between desks of this process, one after
// another, over a ledger of one node: what runs is the product's, and at each
// moment it is known whose work it is.
type costStory struct {
	dir    string
	meter  *meter
	ledger *soloLedger
	by     map[string]*costParty // by who
}

// A costParty is an organisation with its desks.
type costParty struct {
	who    string
	gln    string
	role   chain.Role
	signer *ecdsa.PrivateKey
	seal   hpke.PrivateKey
	store  *sqlstore.Store
	desk   *supply.Desk
	centre *registry.Desk
	done   chan *supply.Message // messages of this party that are settled
}

// Signer, SealKey and Secret implement supply.Keys.
func (p *costParty) Signer() (crypto.Signer, error)    { return p.signer, nil }
func (p *costParty) SealKey() (hpke.PrivateKey, error) { return p.seal, nil }
func (p *costParty) Secret() ([]byte, error)           { return p.signer.Bytes() }
func (p *costParty) Next() (crypto.Signer, error)      { return p.signer, nil }
func (p *costParty) Turn() error                       { return nil }
func (p *costParty) at(phase paper.Phase) place        { return place{phase, p.who} }

// settled is the mail of a party that says when a message has arrived.
type settled struct {
	supply.Messages
	party *costParty
}

// Settle implements supply.Messages.
func (s settled) Settle(ctx context.Context, m *supply.Message) error {
	err := s.Messages.Settle(ctx, m)
	if err == nil && m.Status != supply.Received {
		s.party.done <- m
	}
	return err
}

// hands delivers from desk to desk: the message as it would be posted.
type hands struct{ story *costStory }

// Deliver implements supply.Post.
func (h hands) Deliver(ctx context.Context, endpoint string, message []byte) (*api.Receipt, error) {
	for _, p := range h.story.by {
		if "http://"+p.gln == endpoint {
			defer h.story.meter.enter(p.at(h.story.meter.phase()))()
			return p.desk.Receive(ctx, "", message)
		}
	}
	return nil, fmt.Errorf("nobody listens at %s", endpoint)
}

// Opening implements supply.Post; the exchanges ask for none.
func (hands) Opening(context.Context, string, gs1.Identifier) (*api.Opening, error) {
	return nil, errors.ErrUnsupported
}

// Mark implements supply.Post; the exchanges carry no registrations.
func (hands) Mark(context.Context, string, canon.Digest, uint64) (*api.Mark, error) {
	return nil, errors.ErrUnsupported
}

// CodePath implements supply.Post; the story redeems no codes.
func (hands) CodePath(context.Context, string, canon.Digest, uint64) (*api.CodePath, error) {
	return nil, errors.ErrUnsupported
}

// A soloLedger is a ledger of one node without consensus.
type soloLedger struct {
	rules *ledger.Ledger
	store *chainstore.Store
	meter *meter
}

// Submit implements supply.Ledger: one block a transaction.
func (l *soloLedger) Submit(_ context.Context, tx []byte) (ledger.Result, error) {
	defer l.meter.enter(place{l.meter.phase(), atNode})()
	height, root := l.store.Position()
	b, err := l.rules.Begin(l.store, height+1, time.Now(), root.LogSize)
	if err != nil {
		return ledger.Result{}, err
	}
	r, err := b.Apply(tx)
	if err != nil {
		return r, err
	}
	changes, err := b.End()
	if err != nil {
		return r, err
	}
	block := chainstore.Block{Height: height + 1, Changes: changes}
	if r.Outcome != 0 {
		block.Entries = []chainstore.Entry{{Tx: tx, Tags: r.Tags, Signatures: r.Signatures}}
	}
	return r, l.write(block)
}

func (l *soloLedger) write(b chainstore.Block) error {
	p, err := l.store.Prepare(b)
	if err != nil {
		return err
	}
	return l.store.Commit(p)
}

// Get implements supply.Ledger.
func (l *soloLedger) Get(key []byte) ([]byte, error) { return l.store.Get(key) }

// Leaf implements supply.Ledger.
func (l *soloLedger) Leaf(index uint64) (chain.Leaf, []byte, error) {
	v := l.store.Latest()
	defer v.Close()
	return v.Leaf(index)
}

// Records implements registry.Ledger.
func (l *soloLedger) Records(prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		v := l.store.Latest()
		defer v.Close()
		for k, value := range v.Records(prefix) {
			if !yield(k, value) {
				return
			}
		}
	}
}

// TaggedBefore implements supply.Records.
func (l *soloLedger) TaggedBefore(tag string, before uint64, limit int) ([]uint64, error) {
	v := l.store.Latest()
	defer v.Close()
	return v.TaggedBefore(tag, before, limit)
}

// Evidence implements supply.Ledger. Without consensus there are no headers, and
// no exchange asks for them.
func (l *soloLedger) Evidence(context.Context) ([]lightclient.LightBlock, supply.View, func(), error) {
	return nil, nil, nil, errors.ErrUnsupported
}

// newCostStory makes the parties and the ledger, whose only member is the centre.
func newCostStory(ctx context.Context, dir string, m *meter) (*costStory, error) {
	store, err := chainstore.Open(filepath.Join(dir, "chain"), nil)
	if err != nil {
		return nil, err
	}
	s := &costStory{dir: dir, meter: m, by: map[string]*costParty{}}
	s.ledger = &soloLedger{&ledger.Ledger{Chain: benchChain}, store, m}
	for i, x := range []struct {
		who  string
		role chain.Role
	}{
		{paper.BCC.String(), chain.Governor},
		{paper.DA.String(), chain.Administration},
		{paper.MS.String(), chain.Supplier},
		{paper.DM.String(), chain.Manufacturer},
		{paper.DD.String(), chain.Distributor},
		{atPharmacy, chain.Pharmacy},
	} {
		check, err := gs1.CheckDigit(fmt.Sprintf("9521411000%02d", i))
		if err != nil {
			return s, err
		}
		if err := s.party(ctx, &costParty{who: x.who, role: x.role, gln: fmt.Sprintf("9521411000%02d%c", i, check)}); err != nil {
			return s, err
		}
	}
	return s, s.found()
}

func (s *costStory) party(ctx context.Context, p *costParty) (err error) {
	p.done = make(chan *supply.Message, 1)
	if p.signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	if p.seal, err = hpke.DHKEM(ecdh.P256()).GenerateKey(); err != nil {
		return err
	}
	if p.store, err = sqlstore.Open(ctx, "sqlite:"+filepath.Join(s.dir, p.gln+".db")); err != nil {
		return err
	}
	s.by[p.who] = p
	log := slog.New(slog.DiscardHandler)
	p.desk = &supply.Desk{
		GLN: p.gln, Chain: benchChain, Ledger: s.ledger, Keys: p, Messages: settled{p.store, p}, Archive: p.store, Works: p.store,
		Jobs: p.store, Documents: p.store, Audit: p.store, Reports: p.store, Lists: p.store, Records: s.ledger, Post: hands{s}, Now: time.Now, NewID: newID, Log: log,
	}
	p.centre = &registry.Desk{
		GLN: p.gln, Chain: benchChain, Ledger: s.ledger, Keys: p, Applications: p.store, Audit: p.store, Now: time.Now, NewID: newID, Log: log,
	}
	p.desk.Open()
	return nil
}

func (s *costStory) close() error {
	errs := []error{s.ledger.store.Close()}
	for _, p := range s.by {
		p.desk.Close()
		errs = append(errs, p.store.Close())
	}
	return errors.Join(errs...)
}

// application is a party's, as organisations write it.
func (s *costStory) application(p *costParty) ([]byte, error) {
	a := pedigree.Application{
		Chain: benchChain, Endpoint: "http://" + p.gln, Name: p.who, Prefixes: []string{}, Roles: []chain.Role{p.role},
		SealKey: p.seal.PublicKey().Bytes(),
	}
	switch p.role {
	case chain.Manufacturer:
		a.Prefixes = []string{journey.ManufacturerPrefix}
	case chain.Supplier:
		a.Prefixes = []string{journey.SupplierPrefix}
	}
	return registry.NewApplication(p.signer, p.gln, s.by[paper.BCC.String()].gln, a, time.Now(), newID)
}

// found begins the chain with the centre.
func (s *costStory) found() error {
	raw, err := s.application(s.by[paper.BCC.String()])
	if err != nil {
		return err
	}
	g := ledger.NewGenesis(raw)
	doc, err := g.Encode()
	if err != nil {
		return err
	}
	validator, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	validators := []chain.Validator{{Key: validator, Power: 1}}
	writes, err := s.ledger.rules.Genesis(doc, validators, time.Now())
	if err != nil {
		return err
	}
	return s.ledger.write(chainstore.Block{Changes: ledger.Changes{State: writes}})
}

// register is the first phase: a party applies, the centre admits.
func (s *costStory) register(ctx context.Context, p *costParty) error {
	defer s.meter.enter(p.at(paper.Registration))()
	raw, err := s.application(p)
	if err != nil {
		return err
	}
	centre := s.by[paper.BCC.String()]
	defer s.meter.enter(centre.at(paper.Registration))()
	a, err := centre.centre.Receive(ctx, "", raw)
	if err != nil {
		return err
	}
	_, err = centre.centre.Admit(ctx, a.ID)
	return err
}

// exchange has a party send, and waits until its receiver has anchored it.
func (s *costStory) exchange(ctx context.Context, phase paper.Phase, p *costParty, send func() (*supply.Message, error)) (canon.Digest, error) {
	defer s.meter.enter(p.at(phase))()
	if _, err := send(); err != nil {
		return canon.Digest{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.desk.Deliver(ctx)
	}()
	select {
	case m := <-p.done:
		cancel()
		<-ended
		if m.Status != supply.Sent {
			return canon.Digest{}, fmt.Errorf("%s of %s: %s", m.Type, p.who, m.Code)
		}
		return m.Receipt.BC, nil
	case <-ended:
		return canon.Digest{}, ctx.Err()
	}
}
