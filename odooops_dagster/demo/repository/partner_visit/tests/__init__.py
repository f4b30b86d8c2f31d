from . import test_partner_visit
