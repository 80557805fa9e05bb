package api

import (
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
)

// A LineDevice is a device that measures things of a product line.
type LineDevice struct {
	ID       canon.Digest `json:"id,omitzero" doc:"RFC 7638 thumbprint; an update leaves it out"`
	Point    canon.Bytes  `json:"point" doc:"P-256 point, uncompressed, of its signatures"`
	Seal     canon.Bytes  `json:"seal" doc:"P-256 point, uncompressed, for HPKE"`
	Operator string       `json:"operator" doc:"GLN of who has it"`
}

// A Line is a product line as the ledger has it.
type Line struct {
	ID       canon.Digest `json:"id"`
	Maker    string       `json:"maker" doc:"GLN"`
	GTIN     gs1.GTIN     `json:"gtin"`
	Criteria canon.Digest `json:"criteria" doc:"Digest of the criteria, which its devices know"`
	Epoch    uint64       `json:"epoch"`
	Devices  []LineDevice `json:"devices"`
	At       int64        `json:"at"`
}

// Lines are the product lines of this organisation.
type Lines struct {
	Items []Line `json:"items"`
}

// A LineUpdate enters a product line or replaces its record.
type LineUpdate struct {
	GTIN     gs1.GTIN     `json:"gtin"`
	Criteria canon.Digest `json:"criteria"`
	Epoch    uint64       `json:"epoch" doc:"One more than before if a device is left out or the criteria are others"`
	Devices  []LineDevice `json:"devices"`
	Keys     []LineKey    `json:"keys" doc:"For each device the line's key, sealed to it, unless it was given before for this epoch"`
}

// A LineKey is the key of a product line, sealed to one of its devices.
type LineKey struct {
	Device canon.Digest `json:"device" doc:"RFC 7638 thumbprint"`
	Epoch  uint64       `json:"epoch"`
	Sealed canon.Bytes  `json:"sealed"`
}

// LineKeys are the keys that a device may open, of this epoch and earlier ones, the
// newest first.
type LineKeys struct {
	Line  Line      `json:"line"`
	Items []LineKey `json:"items"`
}

// Terms are what a registration says: chain.Terms.
type Terms struct {
	Line     canon.Digest  `json:"line"`
	Epoch    uint64        `json:"epoch"`
	Counter  uint64        `json:"counter" doc:"The paper's number of verifications, from 1"`
	To       string        `json:"to" doc:"GLN of the consignee"`
	Place    string        `json:"place" doc:"GLN of where it is to be identified"`
	Root     canon.Digest  `json:"root"`
	Batch    canon.Digest  `json:"batch,omitzero"`
	Ranges   []chain.Range `json:"ranges,omitempty"`
	Whole    bool          `json:"whole,omitempty" doc:"One mark for all packs: a case, a lot"`
	Material *gs1.LGTIN    `json:"material,omitempty"`
}

// A Registering registers marks that a device has made.
type Registering struct {
	Terms       Terms        `json:"terms"`
	Device      canon.Digest `json:"device"`
	Signature   canon.Bytes  `json:"signature"`
	Marks       chain.Hashes `json:"marks" doc:"The leaves under the root"`
	Consignment canon.Bytes  `json:"consignment" doc:"Transaction information, sealed to the consignee's seal key"`
}

// A Registration is one on the ledger.
type Registration struct {
	ID      canon.Digest `json:"id"`
	Terms   Terms        `json:"terms"`
	From    string       `json:"from" doc:"GLN of who registered"`
	Device  canon.Digest `json:"device"`
	At      int64        `json:"at"`
	Size    uint64       `json:"size" doc:"Number of marks"`
	Message canon.Digest `json:"message,omitzero" doc:"BC of the message that carried it here"`
	// Hop by hop it leads back to the maker's.
	Before   []canon.Digest `json:"before,omitempty" doc:"Registrations that it replaced"`
	Verified uint64         `json:"verified" doc:"Marks that were verified"`
	More     bool           `json:"more,omitempty" doc:"More may be: not all were counted"`
}

// Registrations are a page of registrations, the newest first. A page may hold fewer
// than were asked for.
type Registrations struct {
	Items []Registration `json:"items"`
	Next  string         `json:"next,omitempty" doc:"Cursor of the next page"`
}

// A Mark is one thing of a registration.
type Mark struct {
	Leaf     canon.Digest `json:"leaf"`
	Path     chain.Hashes `json:"path"`
	Verified int64        `json:"verified,omitempty" doc:"Time of the block; none: not yet"`
	Device   canon.Digest `json:"device,omitzero" doc:"That measured it"`
}

// An Identifying sets a mark to verified: chain.Identify.
type Identifying struct {
	Registration canon.Digest   `json:"registration"`
	Index        uint64         `json:"index"`
	Place        string         `json:"place" doc:"GLN of where it was measured"`
	Nonce        canon.ID       `json:"nonce"`
	Answer       genuine.Answer `json:"answer"`
}

// A Measurement asks this organisation to identify a thing that lies on a measuring
// device.
type Measurement struct {
	Code         string       `json:"code" doc:"What was scanned on the thing"`
	Registration canon.Digest `json:"registration,omitzero" doc:"Of a case, lot or material; packs have one"`
	Device       string       `json:"device" format:"uri" doc:"Address of the measuring device"`
	Place        string       `json:"place" doc:"GLN of where this is"`
}

// A Device is what a measuring device says of itself, at its /v1/device.
type Device struct {
	ID canon.Digest `json:"device" doc:"RFC 7638 thumbprint"`
}

// A Challenge is what a measuring device is asked, at its /v1/measure. It answers
// with genuine.Answer.
type Challenge struct {
	Challenge canon.Bytes `json:"challenge" doc:"Sealed to it"`
}

// A MeasuringDevice is one that this organisation may have measure for it.
type MeasuringDevice struct {
	Address string `json:"address" format:"uri"`
}

// MeasuringDevices are those in the organisation's settings.
type MeasuringDevices struct {
	Items []MeasuringDevice `json:"items"`
}

// A CodePath shows where the concealed code of a pack stands under the root that the
// ledger has.
type CodePath struct {
	Mark canon.Digest `json:"mark" doc:"Leaf: hash over SHA-256 of the code's public key"`
	Path chain.Hashes `json:"path"`
}

// A Redeemable is what somebody who has a concealed code needs of its pack.
type Redeemable struct {
	Chain string       `json:"chain"`
	Batch canon.Digest `json:"batch"`
	Index uint64       `json:"index"`
	Mark  canon.Digest `json:"mark" doc:"Leaf: hash over SHA-256 of the code's public key"`
	Path  chain.Hashes `json:"path" doc:"To the root of the codes in the batch's record"`
}

// A Redeeming redeems a concealed code: the key that it stands for signs the browser's.
type Redeeming struct {
	Batch   canon.Digest `json:"batch"`
	Index   uint64       `json:"index"`
	Path    chain.Hashes `json:"path"`
	Key     canon.Bytes  `json:"key" doc:"Ed25519, derived from the code"`
	Proof   canon.Bytes  `json:"proof" doc:"By the key, over chain, batch, index and browser"`
	Browser canon.Bytes  `json:"browser" doc:"P-256 point of the one who redeems"`
}

// A Redeemed says what the ledger has of a concealed code.
type Redeemed struct {
	First bool   `json:"first" doc:"It was this browser, now or before"`
	At    int64  `json:"at" doc:"When it was redeemed first: time of the block"`
	By    string `json:"by" doc:"GLN of who relayed that"`
}

// A RedeemedBefore is the problem document for a code that another browser redeemed.
type RedeemedBefore struct {
	Problem
	Redeemed Redeemed `json:"redeemed"`
}

// A Thing is what the ledger has of a pack, or a lot of material, that was scanned.
type Thing struct {
	Batch        canon.Digest `json:"batch,omitzero"`
	Place        uint64       `json:"place" doc:"Of a pack in its batch"`
	Registration canon.Digest `json:"registration,omitzero" doc:"That it has now; none: nobody registered it"`
	Index        uint64       `json:"index" doc:"Of its mark"`
}
