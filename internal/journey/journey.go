// Package journey is the whole story in one place: a medicine goes from raw
// material through the paper's six signed exchanges to a pharmacy. The demo, the
// end-to-end test and the benchmarks run it, over the HTTP API of organisations
// that listen on real sockets.
package journey

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/client"
	"theriac/gs1"
)

// An Actor is an organisation of the story, by its API.
type Actor struct {
	Name     string
	GLN      string
	Endpoint string
	API      *client.Client // with the operator's token
}

// A Cast is who plays.
type Cast struct {
	Governor, Administration, Supplier, Manufacturer, Distributor, Pharmacy, Hospital Actor
}

// A Story is what happens, and what it is about.
type Story struct {
	Cast Cast
	// Packs is the size of the batch.
	Packs uint64
	// Codes says that packs have concealed codes.
	Codes bool
	// Tell is told of each step, with its evidence.
	Tell func(step, evidence string)
	// Lab measures packs on their way to the distributor; without one they are not.
	Lab *Lab
	// Progress is told how many packs of the batch are made; it may be nil.
	Progress func(done, total uint64)

	Case        string // ID_BC
	Lot         gs1.Lot
	Material    gs1.LGTIN
	Product     gs1.GTIN
	Certificate string
	Batch       canon.Digest
	// Registrations go with the distribution.
	Registrations []canon.Digest
	// Anchors of the messages.
	Request, Supply, Dossier, Decision, Distribution, Sales, Dispatch, Receipt canon.Digest
}

// Company prefixes of the story's supplier and manufacturer. They are of a range
// that GS1 keeps for examples (952).
const (
	SupplierPrefix     = "95211411"
	ManufacturerPrefix = "95211412"
)

// Run tells the story up to the pharmacy.
func (s *Story) Run(ctx context.Context) error {
	s.Material = gs1.LGTIN{GTIN: item(SupplierPrefix, "0001"), Lot: "ASA-2026-07"}
	// The story can be told again on the same ledger: each time another approval
	// and lot.
	stamp := strings.ReplaceAll(time.Now().UTC().Format("060102150405.000"), ".", "")
	s.Product, s.Certificate, s.Lot = item(ManufacturerPrefix, "0001"), "DE/"+stamp, gs1.Lot("T"+stamp)
	s.Case = "theriacin-" + stamp
	for _, step := range []func(context.Context) error{s.develop, s.approve, s.produce, s.register, s.distribute, s.identify, s.deliver} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// item returns the GTIN-14 of an item under a company prefix of eight digits.
func item(prefix, reference string) gs1.GTIN { return gs1.GTIN(checked("0" + prefix + reference)) }

// checked adds the check digit.
func checked(digits string) string {
	check, err := gs1.CheckDigit(digits)
	if err != nil {
		panic(err) // the digits are constants of this package
	}
	return digits + string(check)
}

// send queues a message at its sender and waits until its receiver has anchored it.
func (s *Story) send(ctx context.Context, from *Actor, path, step string, to api.Address, content any) (canon.Digest, error) {
	m, err := client.Post[api.Message](ctx, from.API, path, "", struct {
		api.Address
		Content any `json:"content"`
	}{to, content})
	if err != nil {
		return canon.Digest{}, fmt.Errorf("%s: %w", step, err)
	}
	return s.arrived(ctx, from, step, m)
}

// arrived waits for the receipt of a message.
func (s *Story) arrived(ctx context.Context, from *Actor, step string, m *api.Message) (canon.Digest, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for m.Status == "queued" {
		select {
		case <-ctx.Done():
			return canon.Digest{}, fmt.Errorf("%s: it did not arrive: %s: %w", step, m.Code, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
		var err error
		if m, err = client.Get[api.Message](ctx, from.API, "/v1/messages/"+m.ID.String(), nil); err != nil {
			return canon.Digest{}, fmt.Errorf("%s: %w", step, err)
		}
	}
	if m.Status != "sent" || m.Receipt == nil {
		return canon.Digest{}, fmt.Errorf("%s: %s (%s)", step, m.Status, m.Code)
	}
	s.Tell(step, fmt.Sprintf("leaf %d, BC %s", m.Receipt.Index, m.Receipt.BC))
	return m.Receipt.BC, nil
}

// develop is exchanges 1 and 2.
func (s *Story) develop(ctx context.Context) (err error) {
	c := &s.Cast
	s.Request, err = s.send(ctx, &c.Manufacturer, "/v1/material-requests", "1 material request, manufacturer to supplier",
		api.Address{To: c.Supplier.GLN, Case: s.Case},
		map[string]any{"material": "acetylsalicylic acid", "product": "Theriacin 500 mg", "quantity": "25 kg"})
	if err != nil {
		return err
	}
	s.Supply, err = s.send(ctx, &c.Supplier, "/v1/material-supplies", "2 material supply, supplier to manufacturer",
		api.Address{To: c.Manufacturer.GLN, Prev: []canon.Digest{s.Request}},
		map[string]any{"material": "acetylsalicylic acid", "quantity": "25 kg", "lots": []any{map[string]any{
			"analysis": canon.Sum([]byte(analysis)), "gtin": s.Material.GTIN, "lot": s.Material.Lot, "produced": "2026-10-01",
		}}})
	return err
}

// approve is exchanges 3 and 4.
func (s *Story) approve(ctx context.Context) (err error) {
	c := &s.Cast
	s.Dossier, err = s.send(ctx, &c.Manufacturer, "/v1/dossiers", "3 dossier, manufacturer to drug administration",
		api.Address{To: c.Administration.GLN, Prev: []canon.Digest{s.Supply}},
		map[string]any{
			"product": "Theriacin 500 mg", "gtins": []gs1.GTIN{s.Product}, "materials": []gs1.LGTIN{s.Material},
			"documents": []api.Document{
				{Name: "trial.txt", Media: "text/plain", Bytes: []byte(trial)},
				{Name: "properties.txt", Media: "text/plain", Bytes: []byte(properties)},
			},
		})
	if err != nil {
		return err
	}
	const step = "4 approval with certificate, drug administration to manufacturer"
	m, err := client.Post[api.Message](ctx, c.Administration.API, "/v1/dossiers/"+s.Dossier.String()+"/approval", "", map[string]any{
		"form": "tablet", "markets": []string{"DE"}, "name": "Theriacin", "national_code": "12345678", "number": s.Certificate,
		"sites": []string{c.Manufacturer.GLN}, "strength": "500 mg", "substance": "acetylsalicylic acid",
		"valid_until": time.Now().AddDate(5, 0, 0).UTC().Format(time.RFC3339),
	})
	if err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	s.Decision, err = s.arrived(ctx, &c.Administration, step, m)
	return err
}

// Documents of the story's dossier and supply.
const (
	analysis   = "Certificate of analysis ASA-2026-07: assay 99.8 %, water 0.1 %, heavy metals below 10 ppm."
	trial      = "Trial THX-1: 412 patients, double blind, primary end point met."
	properties = "Theriacin 500 mg tablets: analgesic, antipyretic."
)

// produce releases the batch.
func (s *Story) produce(ctx context.Context) error {
	const step = "batch released by the manufacturer"
	c := &s.Cast
	j, err := client.Post[api.Job](ctx, c.Manufacturer.API, "/v1/batches", "", api.Release{
		Certificate: s.Certificate, Expiry: time.Now().AddDate(3, 0, 0).Format(time.DateOnly), GTIN: s.Product,
		Inputs: []gs1.LGTIN{s.Material}, Lot: s.Lot, Materials: []canon.Digest{s.Supply},
		Site: gs1.GLN(c.Manufacturer.GLN), Size: s.Packs, Codes: s.Codes,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	j, err = c.Manufacturer.API.Watch(ctx, j.ID.String(), func(j api.Job) {
		if s.Progress != nil {
			s.Progress(j.Done, j.Total)
		}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	if j.State != "done" {
		return fmt.Errorf("%s: %s: %s", step, j.Code, j.Detail)
	}
	if s.Batch, err = canon.ParseDigest(j.Result); err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	s.Tell(step, fmt.Sprintf("%d packs of lot %s, batch %s", s.Packs, s.Lot, s.Batch))
	return nil
}

func (s *Story) parcels(to uint64) []any {
	return []any{map[string]any{"batch": s.Batch, "ranges": []any{map[string]any{"from": 0, "to": to}}}}
}

func (s *Story) counts(n uint64) []any {
	return []any{map[string]any{"batch": s.Batch, "received": n, "remaining": n, "returned": 0, "sold": 0}}
}

// distribute is exchanges 5 and 6, for all packs.
func (s *Story) distribute(ctx context.Context) (err error) {
	c := &s.Cast
	s.Distribution, err = s.send(ctx, &c.Manufacturer, "/v1/distributions", "5 distribution, manufacturer to distributor",
		api.Address{To: c.Distributor.GLN, Prev: []canon.Digest{s.Decision}},
		map[string]any{
			"certificate": s.Certificate, "cost": "12000.00 EUR", "sales_method": "prescription", "parcels": s.parcels(s.Packs),
			"registrations": s.Registrations,
		})
	if err != nil {
		return err
	}
	s.Sales, err = s.send(ctx, &c.Distributor, "/v1/sales-status", "6 sales status, distributor to manufacturer",
		api.Address{To: c.Manufacturer.GLN, Prev: []canon.Digest{s.Distribution}}, map[string]any{"counts": s.counts(s.Packs)})
	return err
}

// deliver is exchanges 7 and 8, for half of the packs.
func (s *Story) deliver(ctx context.Context) (err error) {
	c, half := &s.Cast, max(1, s.Packs/2)
	s.Dispatch, err = s.send(ctx, &c.Distributor, "/v1/dispatches", "7 dispatch, distributor to pharmacy",
		api.Address{To: c.Pharmacy.GLN, Prev: []canon.Digest{s.Distribution}},
		map[string]any{"note": "pallet 7", "parcels": s.parcels(half)})
	if err != nil {
		return err
	}
	s.Receipt, err = s.send(ctx, &c.Pharmacy, "/v1/receipts", "8 receipt, pharmacy to distributor",
		api.Address{To: c.Distributor.GLN, Prev: []canon.Digest{s.Dispatch}},
		map[string]any{"differences": "none", "received": s.counts(half)})
	return err
}

// Scan returns the element string on pack i of the batch, as a scanner would
// read it off the pack: here its maker says what is printed there.
func (s *Story) Scan(ctx context.Context, i uint64) (string, error) {
	packs, err := client.Get[[]api.Printed](ctx, s.Cast.Manufacturer.API, "/v1/batches/"+s.Batch.String()+"/packs",
		url.Values{"from": {fmt.Sprint(i)}, "limit": {"1"}})
	if err != nil {
		return "", err
	}
	if len(*packs) != 1 {
		return "", errors.New("the batch has no such pack")
	}
	return (*packs)[0].Code, nil
}

// Dispense has a pharmacy or hospital dispense a pack. A second dispense comes
// back as a refusal with the id of an alert.
func (s *Story) Dispense(ctx context.Context, by *Actor, code string) (*api.Done, error) {
	return client.Post[api.Done](ctx, by.API, "/v1/moves", "", api.Move{Packs: []string{code}, From: "active", To: "dispensed"})
}
