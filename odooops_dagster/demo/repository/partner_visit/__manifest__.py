{
    "name": "Partner Visits",
    "summary": "Record visits to partners",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "author": "OdooOps",
    "depends": ["partner_firstname"],
    "data": ["security/ir.model.access.csv", "views/partner_visit_views.xml"],
    "application": True,
}
