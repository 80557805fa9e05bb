package main

import (
	"context"
	"fmt"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/journey"
	paper "theriac/internal/paper/pedigree"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// delivery is the phase of exchanges 7 and 8, which the paper does not have.
const delivery = paper.Verification + 1

// certificateNumber is that of the story's Cert_D.
const certificateNumber = "DE/1"

// run registers everybody and makes the eight exchanges.
func (s *costStory) run(ctx context.Context) error {
	// Who approves comes first, then who is approved: any order would do.
	for _, who := range []string{paper.DA.String(), paper.MS.String(), paper.DM.String(), paper.DD.String(), atPharmacy} {
		if err := s.register(ctx, s.by[who]); err != nil {
			return fmt.Errorf("registration of %s: %w", who, err)
		}
	}
	t := &tale{costStory: s, da: s.by[paper.DA.String()], ms: s.by[paper.MS.String()], dm: s.by[paper.DM.String()], dd: s.by[paper.DD.String()], shop: s.by[atPharmacy]}
	for _, step := range []func(context.Context) error{t.develop, t.approve, t.release, t.distribute, t.deliver} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A tale is the story while it is told.
type tale struct {
	*costStory
	da, ms, dm, dd, shop *costParty

	material                       gs1.LGTIN
	product                        gs1.GTIN
	batch                          canon.Digest
	supplied, decided, distributed canon.Digest
}

func gtin(prefix string) (gs1.GTIN, error) {
	check, err := gs1.CheckDigit("0" + prefix + "0001")
	return gs1.GTIN("0" + prefix + "0001" + string(check)), err
}

func (t *tale) develop(ctx context.Context) (err error) {
	if t.material.GTIN, err = gtin(journey.SupplierPrefix); err != nil {
		return err
	}
	if t.product, err = gtin(journey.ManufacturerPrefix); err != nil {
		return err
	}
	t.material.Lot = "ASA-2026-07"
	request, err := t.exchange(ctx, paper.Development, t.dm, func() (*supply.Message, error) {
		return t.dm.desk.Send(ctx, newID(), supply.Draft{To: t.ms.gln, Case: "theriacin"},
			&pedigree.MaterialRequest{Material: "acetylsalicylic acid", Product: "Theriacin 500 mg", Quantity: "25 kg"})
	})
	if err != nil {
		return err
	}
	t.supplied, err = t.exchange(ctx, paper.Development, t.ms, func() (*supply.Message, error) {
		return t.ms.desk.Send(ctx, newID(), supply.Draft{To: t.dm.gln, Prev: []canon.Digest{request}},
			&pedigree.MaterialSupply{Material: "acetylsalicylic acid", Quantity: "25 kg", Lots: []pedigree.SuppliedLot{{
				Analysis: canon.Sum([]byte("analysis")), GTIN: t.material.GTIN, Lot: t.material.Lot, Produced: "2026-10-01",
			}}})
	})
	return err
}

func (t *tale) approve(ctx context.Context) error {
	dossier, err := t.exchange(ctx, paper.Approval, t.dm, func() (*supply.Message, error) {
		return t.dm.desk.SubmitDossier(ctx, newID(), supply.Draft{To: t.da.gln, Prev: []canon.Digest{t.supplied}}, supply.DossierDraft{
			Product: "Theriacin 500 mg", GTINs: []gs1.GTIN{t.product}, Materials: []gs1.LGTIN{t.material},
			Documents: []pedigree.Document{
				{Name: "trial.txt", Media: "text/plain", Bytes: []byte("trial")},
				{Name: "properties.txt", Media: "text/plain", Bytes: []byte("properties")},
			},
		})
	})
	if err != nil {
		return err
	}
	t.decided, err = t.exchange(ctx, paper.Approval, t.da, func() (*supply.Message, error) {
		now := time.Now()
		return t.da.desk.Approve(ctx, newID(), dossier, supply.Approval{
			Form: "tablet", Markets: []string{"DE"}, Name: "Theriacin", NationalCode: "12345678", Number: certificateNumber,
			Sites: []gs1.GLN{gs1.GLN(t.dm.gln)}, Strength: "500 mg", Substance: "acetylsalicylic acid",
			From: now.Add(-time.Minute), Until: now.AddDate(5, 0, 0),
		})
	})
	return err
}

// release enters a batch; its packs are no concern of an exchange, so their root
// is that of any.
func (t *tale) release(ctx context.Context) error {
	r := chain.BatchRelease{
		GTIN: t.product, Lot: "T1", Expiry: time.Now().AddDate(3, 0, 0).Format(time.DateOnly), Size: 1000,
		Root: canon.Sum([]byte("packs")), Certificate: certificateNumber, Transformation: canon.Sum([]byte("event")),
		Materials: []canon.Digest{t.supplied}, Initial: chain.UnitActive,
	}
	t.batch = chain.BatchID(t.dm.gln, r.GTIN, r.Lot)
	_, err := t.dm.desk.Submit(ctx, chain.KindBatch, newID(), r)
	return err
}

func (t *tale) distribute(ctx context.Context) (err error) {
	t.distributed, err = t.exchange(ctx, paper.Distribution, t.dm, func() (*supply.Message, error) {
		p, err := t.dm.desk.Parcel(t.batch, []chain.Range{{From: 0, To: 1000}})
		if err != nil {
			return nil, err
		}
		return t.dm.desk.Send(ctx, newID(), supply.Draft{To: t.dd.gln, Prev: []canon.Digest{t.decided}}, &pedigree.Distribution{
			Certificate: certificateNumber, Cost: "12000.00 EUR", Parcels: []pedigree.Parcel{p}, SalesMethod: "prescription",
		})
	})
	if err != nil {
		return err
	}
	_, err = t.exchange(ctx, paper.Distribution, t.dd, func() (*supply.Message, error) {
		p, err := t.dd.desk.Parcel(t.batch, []chain.Range{{From: 0, To: 1000}})
		if err != nil {
			return nil, err
		}
		return t.dd.desk.Send(ctx, newID(), supply.Draft{To: t.dm.gln, Prev: []canon.Digest{t.distributed}}, &pedigree.SalesStatus{
			Counts:   []pedigree.SalesCount{{Batch: t.batch, Received: 1000, Remaining: 1000}},
			Expiries: []pedigree.BatchExpiry{{Batch: t.batch, Expiry: p.Expiry}},
		})
	})
	return err
}

func (t *tale) deliver(ctx context.Context) error {
	dispatched, err := t.exchange(ctx, delivery, t.dd, func() (*supply.Message, error) {
		p, err := t.dd.desk.Parcel(t.batch, []chain.Range{{From: 0, To: 500}})
		if err != nil {
			return nil, err
		}
		return t.dd.desk.Send(ctx, newID(), supply.Draft{To: t.shop.gln, Prev: []canon.Digest{t.distributed}},
			&pedigree.Dispatch{Note: "pallet 7", Parcels: []pedigree.Parcel{p}})
	})
	if err != nil {
		return err
	}
	_, err = t.exchange(ctx, delivery, t.shop, func() (*supply.Message, error) {
		return t.shop.desk.Send(ctx, newID(), supply.Draft{To: t.dd.gln, Prev: []canon.Digest{dispatched}}, &pedigree.Receipt{
			Differences: "none", Received: []pedigree.SalesCount{{Batch: t.batch, Received: 500, Remaining: 500}},
		})
	})
	return err
}
