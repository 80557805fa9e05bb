package api

import (
	"theriac/canon"
	"theriac/chain"
)

// A Person is somebody of the organisation who may log in.
type Person struct {
	ID       canon.ID `json:"id"`
	Name     string   `json:"name"`
	Role     string   `json:"role" enum:"administrator,responsible,clerk,reader"`
	Created  string   `json:"created"`
	LastSeen string   `json:"last_seen,omitempty"`
	Passkeys int      `json:"passkeys"`
	Invited  string   `json:"invited,omitempty" doc:"When the open invitation expires"`
}

// People are all persons of the organisation, the oldest first.
type People struct {
	Items []Person `json:"items"`
}

// An Invitation registers a passkey, once. Its code is shown here and never again.
type Invitation struct {
	ID      canon.ID `json:"id"`
	Name    string   `json:"name"`
	Role    string   `json:"role"`
	Code    string   `json:"code"`
	Expires string   `json:"expires"`
	Link    string   `json:"link" doc:"Where the person registers"`
}

// A Ceremony is what a browser needs to make or to use a passkey.
type Ceremony struct {
	Ceremony string `json:"ceremony" doc:"Goes back with the credential, within five minutes"`
	Options  any    `json:"options" doc:"For PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON"`
}

// A Session says who is logged in where, and what he may do.
type Session struct {
	Person       SessionPerson       `json:"person"`
	Organisation SessionOrganisation `json:"organisation"`
	May          []string            `json:"may" doc:"Ids of operations that policies permit to the person now"`
}

// A SessionPerson is who is logged in.
type SessionPerson struct {
	ID   canon.ID `json:"id"`
	Name string   `json:"name"`
	Role string   `json:"role" enum:"administrator,responsible,clerk,reader"`
}

// A SessionOrganisation is whose console it is, as the ledger has it.
type SessionOrganisation struct {
	GLN   string       `json:"gln"`
	Name  string       `json:"name"`
	Roles []chain.Role `json:"roles"`
}
