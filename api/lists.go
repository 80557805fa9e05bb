package api

import (
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
)

// A Batch is a batch of this organisation's: released, captured, or being released.
type Batch struct {
	ID          canon.Digest `json:"id"`
	GTIN        gs1.GTIN     `json:"gtin"`
	Lot         gs1.Lot      `json:"lot"`
	Expiry      string       `json:"expiry"`
	Size        uint64       `json:"size"`
	Certificate string       `json:"certificate,omitempty" doc:"Number of Cert_D; none: captured from a document"`
	Status      string       `json:"status" enum:"releasing,released,recalled,withdrawn" doc:"On the ledger, of batch or product, whichever is graver"`
	Released    int64        `json:"released,omitempty" doc:"Time of the block"`
	Index       uint64       `json:"index,omitempty" doc:"Leaf of the log"`
	Codes       bool         `json:"codes,omitempty" doc:"Packs have concealed codes"`
	Job         *Job         `json:"job,omitempty" doc:"Of a release that is under way"`
}

// Batches are a page of batches, the newest first.
type Batches struct {
	Items []Batch `json:"items"`
	Next  string  `json:"next,omitempty" doc:"Cursor of the next page"`
}

// A Holding is what this organisation has of a batch in its custody.
type Holding struct {
	Batch   canon.Digest `json:"batch"`
	GTIN    gs1.GTIN     `json:"gtin"`
	Lot     gs1.Lot      `json:"lot"`
	Expiry  string       `json:"expiry"`
	Expired bool         `json:"expired"`
	Product string       `json:"product,omitempty" doc:"Name and strength as Cert_D has them"`
	Maker   string       `json:"maker" doc:"GLN of who entered the batch"`
	Status  string       `json:"status" enum:"released,recalled,withdrawn"`
	Packs   uint64       `json:"packs" doc:"In this organisation's custody, in any state"`
	Counts  []StateCount `json:"counts"`
	Ranges  []HeldRange  `json:"ranges" doc:"Rising; at most 256"`
	More    bool         `json:"more,omitempty" doc:"There are more ranges"`
	Counted uint64       `json:"counted" doc:"Packs of the batch that were looked at, from the first on"`
	Size    uint64       `json:"size" doc:"Packs of the batch"`
}

// A StateCount is how many packs are in a state.
type StateCount struct {
	State string `json:"state"`
	Packs uint64 `json:"packs"`
}

// A HeldRange is packs in one's custody that are in one state.
type HeldRange struct {
	From  uint64 `json:"from"`
	To    uint64 `json:"to" doc:"The first that is not meant"`
	State string `json:"state"`
}

// Stock is a page of what is in this organisation's custody, what came last first.
type Stock struct {
	Items []Holding `json:"items"`
	Next  string    `json:"next,omitempty" doc:"Cursor of the next page"`
}

// A Certificate is a Cert_D that this organisation issued or holds.
type Certificate struct {
	Number       string       `json:"number"`
	Name         string       `json:"name"`
	Strength     string       `json:"strength"`
	Form         string       `json:"form"`
	Substance    string       `json:"substance"`
	NationalCode string       `json:"national_code"`
	GTINs        []gs1.GTIN   `json:"gtins"`
	Markets      []string     `json:"markets"`
	Sites        []gs1.GLN    `json:"sites"`
	Issuer       string       `json:"issuer" doc:"GLN"`
	Holder       string       `json:"holder" doc:"GLN"`
	Status       string       `json:"status" enum:"valid,suspended,revoked"`
	Since        int64        `json:"since" doc:"Of the status"`
	From         int64        `json:"valid_from"`
	Until        int64        `json:"valid_until"`
	Decision     canon.Digest `json:"decision" doc:"Anchor of the decision that carried it"`
}

// Certificates are a page of certificates, the newest first. A page may hold fewer
// than were asked for.
type Certificates struct {
	Items []Certificate `json:"items"`
	Next  string        `json:"next,omitempty" doc:"Cursor of the next page"`
}

// A Dossier is one that came to this administration, or that this manufacturer sent.
type Dossier struct {
	BC        canon.Digest `json:"bc" doc:"Anchor"`
	Case      string       `json:"case" doc:"ID_BC"`
	From      string       `json:"from" doc:"GLN"`
	To        string       `json:"to" doc:"GLN"`
	Created   string       `json:"created"`
	Product   string       `json:"product"`
	GTINs     []gs1.GTIN   `json:"gtins"`
	Materials []gs1.LGTIN  `json:"materials"`
	State     string       `json:"state" enum:"undecided,approved,refused,question"`
	Decision  *canon.ID    `json:"decision,omitempty" doc:"Message of the latest decision"`
	Reasons   string       `json:"reasons,omitempty" doc:"Of a refusal, or the question"`
}

// Dossiers are a page of dossiers, the newest first. A page may hold fewer than
// were asked for.
type Dossiers struct {
	Items []Dossier `json:"items"`
	Next  string    `json:"next,omitempty" doc:"Cursor of the next page"`
}

// An Alert is what the ledger raised for a transaction that came too late.
type Alert struct {
	ID    canon.Digest  `json:"id"`
	Code  string        `json:"code" example:"already_dispensed"`
	Text  string        `json:"text" doc:"What happened, for people"`
	Batch canon.Digest  `json:"batch,omitzero" doc:"None if it is about raw material"`
	GTIN  gs1.GTIN      `json:"gtin"`
	Lot   gs1.Lot       `json:"lot"`
	Units []chain.Range `json:"units" doc:"The packs in question, at most 16 ranges"`
	By    string        `json:"by" doc:"GLN of whose transaction raised it"`
	Maker string        `json:"maker" doc:"GLN of who entered the batch, or makes the material"`
	// Registration is that of the mark in question, if it is about one.
	Registration canon.Digest `json:"registration,omitzero"`
	Height       int64        `json:"height"`
	Index        uint64       `json:"index" doc:"Leaf of the log"`
	Time         int64        `json:"time"`
}

// Alerts are a page of alerts, the newest first.
type Alerts struct {
	Items []Alert `json:"items"`
	Next  string  `json:"next,omitempty" doc:"Cursor of the next page"`
}

// Jobs are a page of jobs, the newest first.
type Jobs struct {
	Items []Job  `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page"`
}

// A Proposal is an action before the governors.
type Proposal struct {
	Proposal canon.Digest `json:"proposal"`
	Status   string       `json:"status" enum:"open,accepted,rejected,lapsed"`
	Proposer string       `json:"proposer" doc:"GLN"`
	Opened   int64        `json:"opened"`
	Closes   int64        `json:"closes" doc:"When it lapses"`
	For      []string     `json:"for" doc:"GLN of governors"`
	Against  []string     `json:"against"`
	Mine     string       `json:"mine,omitempty" enum:"for,against" doc:"This governor's vote"`
	Action   Action       `json:"action"`
}

// An Action is what governors decide. Kind says which of the rest is set.
type Action struct {
	Kind        string        `json:"kind" enum:"admit,rekey,standing,revoke,params,validators"`
	Member      string        `json:"member,omitempty" doc:"GLN"`
	Application *canon.ID     `json:"application,omitempty" doc:"Of admit and rekey"`
	Name        string        `json:"name,omitempty"`
	Roles       []chain.Role  `json:"roles,omitempty"`
	Prefixes    []string      `json:"prefixes,omitempty"`
	Endpoint    string        `json:"endpoint,omitempty"`
	Status      string        `json:"status,omitempty" enum:"active,suspended,removed"`
	Key         *canon.Digest `json:"key,omitempty" doc:"Of revoke: its thumbprint"`
	Params      *Params       `json:"params,omitempty"`
	Validators  []Validator   `json:"validators,omitempty" doc:"Changes of power; 0 removes"`
}

// Params are the consortium's parameters, times in milliseconds.
type Params struct {
	Window      int64 `json:"window" doc:"The papers' ΔT"`
	Undo        int64 `json:"undo"`
	Proposal    int64 `json:"proposal"`
	Numerator   int64 `json:"numerator" doc:"Of the quorum"`
	Denominator int64 `json:"denominator"`
}

// A Validator is a node that makes blocks.
type Validator struct {
	Key   string `json:"key" doc:"Ed25519, base64url"`
	Power int64  `json:"power"`
}

// Proposals are a page of proposals, the newest first. A page may hold fewer than
// were asked for.
type Proposals struct {
	Items []Proposal `json:"items"`
	Next  string     `json:"next,omitempty" doc:"Cursor of the next page"`
}

// A Block is a block of the ledger.
type Block struct {
	Height       int64  `json:"height"`
	Time         int64  `json:"time"`
	Transactions uint64 `json:"transactions" doc:"Leaves that it added to the log"`
	Bytes        int    `json:"bytes"`
	Proposer     string `json:"proposer" doc:"The validator's Ed25519 key"`
}

// A Peer is a node that this one is connected with.
type Peer struct {
	ID       string `json:"id"`
	Address  string `json:"address"`
	Outbound bool   `json:"outbound" doc:"This node dialled"`
	Since    string `json:"since"`
}

// A Queue is what waits in the outbox.
type Queue struct {
	Queued    int          `json:"queued"`
	More      bool         `json:"more,omitempty" doc:"More wait than were counted"`
	Oldest    string       `json:"oldest,omitempty"`
	Receivers []QueuedMail `json:"receivers"`
}

// QueuedMail is what waits for one receiver for one reason.
type QueuedMail struct {
	GLN      string `json:"gln"`
	Name     string `json:"name,omitempty"`
	Code     string `json:"code,omitempty" doc:"Why the last sending failed; none: not tried yet"`
	Messages int    `json:"messages"`
	Oldest   string `json:"oldest"`
	Next     string `json:"next" doc:"When the next is sent"`
	Attempts int    `json:"attempts" doc:"Of the message that was tried most often"`
}
