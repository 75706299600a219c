// Several issuers in one process: the root, and tenants under paths of their
// own. The one route table is served for each, with the well-known forms that
// clients of an issuer with a path probe (RFC 8414 section 3.1, RFC 9728
// section 3.1, OpenID Connect Discovery section 4).
package server

import (
	"errors"
	"strings"
	"time"

	"mcp-auth/core/exchange"
)

// TenantPath is what the path of a tenant's issuer begins with; its name
// follows.
const TenantPath = "/tenant/"

// tenant is the place of the name in a path's template.
const tenant = "{tenant}"

// CheckTenant says whether a name can be a tenant's: 1 to 64 lower-case
// letters, digits and dashes.
func CheckTenant(name string) error {
	for i := range len(name) {
		if c := name[i]; c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return errors.New("a tenant's name may have lower-case letters, digits and dashes")
		}
	}
	if name == "" || len(name) > 64 {
		return errors.New("a tenant's name must have 1 to 64 characters")
	}
	return nil
}

// open makes the issuer of one tenant: the settings of the root, records of
// its own.
func (s *Server) open(name string, cfg Config) (*Server, error) {
	if err := CheckTenant(name); err != nil {
		return nil, err
	}
	if s.tenants[name] != nil {
		return nil, errors.New("the tenant " + name + " is named twice")
	}
	cfg.Issuer = s.cfg.Issuer + TenantPath + name
	return issuer(cfg, cfg.Storage(name+"/"))
}

// tenant finds the tenant whose path it is, and the place it means. A sandbox
// is returned as such as well.
func (s *Server) tenant(now time.Time, path string) (*Server, *place, *openSandbox) {
	name, template, ok := splitTenant(path)
	if !ok {
		return nil, nil, nil
	}
	if t := s.tenants[name]; t != nil || s.cfg.Sandboxes == 0 {
		return t, s.within[template], nil
	}
	box := s.findSandbox(now, name)
	if box == nil {
		return nil, nil, nil
	}
	return box.Server, s.within[template], box
}

// splitTenant takes the name out of a tenant's path.
func splitTenant(path string) (name, template string, ok bool) {
	before, after, ok := strings.Cut(path, TenantPath)
	if !ok {
		return "", "", false
	}
	name, rest := after, ""
	if i := strings.IndexByte(after, '/'); i >= 0 {
		name, rest = after[:i], after[i:]
	}
	return name, before + TenantPath + tenant + rest, true
}

// templates are the paths of a route below each tenant. A well-known path has
// the issuer's path behind its prefix, that of OpenID Connect also before it.
// What is about the whole server or its origin is served once.
func (r Route) templates() []string {
	const at = TenantPath + tenant
	switch {
	case r.Path == "/":
		return []string{at}
	case r.Group == groupAbout, r.Group == groupFallback, r.Path == SandboxPath, r.Path == exchange.WellKnownResource:
		return nil // no tenant's path is a resource
	case r.Path == exchange.WellKnownOpenID:
		return []string{r.Path + at, at + r.Path}
	}
	for _, known := range [...]string{exchange.WellKnownServer, exchange.WellKnownOpenID, exchange.WellKnownResource} {
		if rest, ok := strings.CutPrefix(r.Path, known); ok {
			return []string{known + at + rest}
		}
	}
	return []string{at + r.Path}
}

// issuers lists the tenants' issuers, in the order they were configured.
func (s *Server) issuers() []string {
	var all []string
	if s.tenants == nil { // a tenant has none
		return nil
	}
	for _, name := range s.cfg.Tenants {
		all = append(all, s.cfg.Issuer+TenantPath+name)
	}
	return all
}
